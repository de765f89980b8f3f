/// An immutable, contiguous, row-major array of numbers. Copies share their bytes.
public struct Tensor: Sendable {
  /// The type of the elements.
  public let dtype: DType
  /// The extents.
  public let shape: Shape
  private let storage: TensorStorage

  /// A tensor whose bytes `fill` writes into zeroed, 64-byte-aligned memory.
  /// - Throws: ``PexError`` (malformed) when the size overflows; whatever `fill` throws.
  public init(_ dtype: DType, _ shape: Shape, fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    self.dtype = dtype
    self.shape = shape
    storage = try TensorStorage(count: shape.byteCount(dtype), fill: fill)
  }

  /// A tensor that uses bytes of a mapped file in place.
  /// - Throws: ``PexError`` (malformed) when `offset` and the size do not lie within the file, or `offset` is not
  ///   a multiple of the element size.
  public init(_ dtype: DType, _ shape: Shape, file: MappedFile, offset: Int) throws {
    let size = try shape.byteCount(dtype)
    guard offset >= 0, offset <= file.bytes.count, size <= file.bytes.count - offset else {
      throw PexError(.malformed, "tensor of \(size) bytes at \(offset) exceeds the file's \(file.bytes.count) bytes")
    }
    guard offset % dtype.byteCount == 0 else {
      throw PexError(.malformed, "tensor at \(offset) is not aligned to its \(dtype.byteCount)-byte elements")
    }
    self.dtype = dtype
    self.shape = shape
    storage = TensorStorage(file: file, range: offset..<offset + size)
  }

  /// A float32 tensor with the given elements.
  /// - Throws: ``PexError`` (malformed) when the number of elements differs from the shape's.
  public init(_ dimensions: [Int], _ elements: [Float]) throws {
    try self.init(.float32, Shape(dimensions), elements: elements)
  }

  /// An int64 tensor with the given elements.
  /// - Throws: ``PexError`` (malformed) when the number of elements differs from the shape's.
  public init(_ dimensions: [Int], _ elements: [Int64]) throws {
    try self.init(.int64, Shape(dimensions), elements: elements)
  }

  private init<Element>(_ dtype: DType, _ shape: Shape, elements: [Element]) throws {
    guard elements.count == shape.count else {
      throw PexError(.malformed, "shape \(shape) has \(shape.count) elements, found \(elements.count)")
    }
    try self.init(dtype, shape) { bytes in
      elements.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
  }

  /// A float32 tensor of which every element is `value`.
  public init(repeating value: Float, _ dimensions: [Int]) throws {
    try self.init(.float32, Shape(dimensions)) { bytes in
      let elements = bytes.bindMemory(to: Float.self)
      for index in elements.indices { elements[index] = value }
    }
  }

  /// The number of elements.
  public var count: Int { shape.count }

  /// The number of bytes.
  public var byteCount: Int { storage.count }

  /// Calls `body` with the bytes. They are valid only within the call.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(storage) {
      try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count))
    }
  }

  /// Says that some of the bytes will be read now: those of a mapped file come at once rather than page by page.
  public func populate(_ range: Range<Int>) { storage.populate(range.clamped(to: 0..<byteCount)) }

  /// Calls `body` with the elements of a float32 tensor. They are valid only within the call.
  /// - Throws: ``PexError`` (defect) when the tensor is not float32; whatever `body` throws.
  public func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
    guard dtype == .float32 else { throw PexError(.defect, "expected an f32 tensor, found \(dtype.name)") }
    return try withBytes { try body($0.bindMemory(to: Float.self)) }
  }

  /// The same bytes under another shape with as many elements.
  /// - Throws: ``PexError`` (malformed) when the number of elements differs.
  public func reshaped(_ dimensions: [Int]) throws -> Tensor {
    let other = try Shape(dimensions)
    guard other.count == shape.count else {
      throw PexError(.malformed, "cannot reshape \(shape) to \(other): \(shape.count) against \(other.count) elements")
    }
    return Tensor(dtype, other, storage)
  }

  /// One element of the first axis as a batch of one, which shares the bytes of this tensor.
  /// - Throws: ``PexError`` (malformed) when there is no such element.
  public func sample(_ index: Int) throws -> Tensor {
    guard let count = shape.dimensions.first, (0..<count).contains(index) else {
      throw PexError(.malformed, "a tensor of shape \(shape) has no sample \(index)")
    }
    let size = byteCount / count
    return Tensor(
      dtype, try Shape([1] + shape.dimensions.dropFirst()),
      TensorStorage(storage, range: index * size..<(index + 1) * size))
  }

  private init(_ dtype: DType, _ shape: Shape, _ storage: TensorStorage) {
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
  }

  /// Whether both have the same type, shape and bytes.
  public func isIdentical(to other: Tensor) -> Bool {
    guard dtype == other.dtype, shape == other.shape else { return false }
    return withBytes { mine in other.withBytes { mine.elementsEqual($0) } }
  }
}
