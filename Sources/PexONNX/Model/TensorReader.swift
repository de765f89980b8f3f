import PexTensor

/// Makes tensors of what a file holds, whichever of ONNX's fields the numbers are in, or of files beside it.
struct TensorReader {
  private let source: ModelSource
  /// Nil for a model in memory, which lies in no folder.
  private let files: ExternalFiles?
  private let counter = ReadCounter()

  /// Bytes that are read of any model, however small.
  private static let slack = 1 << 24

  /// Bytes that were read for one import.
  private final class ReadCounter {
    var bytes = 0
  }

  /// A reader of a model's tensors.
  init(source: ModelSource) {
    self.init(source, source.file.map { ExternalFiles(besideModel: $0.path) })
  }

  private init(_ source: ModelSource, _ files: ExternalFiles?) {
    self.source = source
    self.files = files
  }

  /// A reader for another import of the same model.
  func restarted() -> TensorReader { TensorReader(source, files) }

  /// Counts bytes before they are read. A model has each of its numbers once, or a few times; functions that are called
  /// again and again, and places in external files, could have them any number of times.
  private func count(_ bytes: Int) throws {
    let stored = source.withBytes { $0.count } + (files?.byteCount ?? 0)
    let limit = 2 * stored + Self.slack
    guard bytes <= limit - counter.bytes else {
      throw PexError(
        .unsupported, "its \(stored) bytes are used again and again: more than \(limit) bytes would be read of them")
    }
    counter.bytes += bytes
  }

  /// The tensor with its numbers. Floating-point types stay as they are; integer types without a ``DType`` are
  /// widened to one that holds them. External data is used in place where it is stored as pex needs it.
  /// - Throws: ``PexError`` (malformed) when numbers and shape do not fit, or external data leaves the model's folder;
  ///   (unreadable) when external data is missing; (unsupported) for strings and rare element types.
  func tensor(_ stored: ONNXTensor) throws -> Tensor {
    try naming(stored.name.isEmpty ? "a tensor without a name" : "tensor '\(stored.name)'") {
      let type = try ElementType(code: stored.elementType)
      guard let dtype = type.dtype, let byteCount = type.byteCount else {
        throw PexError(.unsupported, "strings are not supported")
      }
      guard !stored.isSegment else { throw PexError(.unsupported, "only a segment of it is stored") }
      let shape = try Shape(stored.dims)
      let (size, overflow) = shape.count.multipliedReportingOverflow(by: byteCount)
      guard !overflow else { throw PexError(.malformed, "shape \(shape) has too many bytes") }
      let form = Form(type: type, dtype: dtype, shape: shape, byteCount: size)
      let fields = filledFields(stored)
      switch stored.location {
      case .model:
        try count(stored.payloads.reduce(0) { $0 + $1.range.count })
        return try form.tensor(stored, fields, source)
      case .external:
        guard fields.isEmpty else {
          throw PexError(.malformed, "its data is in another file and in \(fields.joined(separator: ", "))")
        }
        return try external(ExternalData(stored.external), form)
      case nil: throw PexError(.malformed, "it does not say where its data is")
      }
    }
  }

  private func filledFields(_ stored: ONNXTensor) -> [String] {
    let packed = Set(stored.payloads.map(\.field.name))
    let lists = [
      ("float_data", stored.floats.isEmpty), ("double_data", stored.doubles.isEmpty),
      ("int32_data", stored.int32s.isEmpty), ("int64_data", stored.int64s.isEmpty),
      ("uint64_data", stored.uint64s.isEmpty),
    ]
    // Single numbers beside a packed run would have lost their order.
    let single = lists.filter { !$0.1 }.map { packed.contains($0.0) ? "\($0.0) unpacked" : $0.0 }
    return (packed + single).sorted()
  }

  private func external(_ data: ExternalData, _ form: Form) throws -> Tensor {
    guard let files else {
      throw PexError(
        .unsupported, "its data is in another file ('\(data.location)'), and a model in memory has no folder",
        hint: "load the model from its file")
    }
    return try naming("external file '\(data.location)'") {
      let file = try files.file(at: data.location)
      if let checksum = data.checksum { try files.check(data.location, sha1: checksum) }
      guard data.length == nil || data.length == form.byteCount else {
        throw PexError(
          .malformed, "shape \(form.shape) takes \(form.byteCount) bytes, found a length of \(data.length ?? 0)")
      }
      guard data.offset <= file.bytes.count, form.byteCount <= file.bytes.count - data.offset else {
        throw PexError(
          .malformed,
          "it is too short: expected \(form.byteCount) bytes at \(data.offset), found \(file.bytes.count) bytes in all")
      }
      try count(form.byteCount)
      if form.isStoredAsHeld, data.offset % form.dtype.byteCount == 0 {
        return try Tensor(form.dtype, form.shape, file: file, offset: data.offset)
      }
      let range = data.offset..<data.offset + form.byteCount
      return try withExtendedLifetime(file) {
        defer { file.release(range) }
        return try form.tensor(raw: UnsafeRawBufferPointer(rebasing: file.bytes[range]))
      }
    }
  }
}

/// What a stored tensor is to become.
private struct Form {
  var type: ElementType
  var dtype: DType
  var shape: Shape
  /// Bytes that it takes as `raw_data`.
  var byteCount: Int

  /// Whether the bytes of `raw_data` are those of the tensor.
  var isStoredAsHeld: Bool {
    switch type {
    case .float, .uint8, .int8, .int32, .int64, .float16, .double, .bfloat16: true
    case .uint16, .int16, .uint32, .uint64, .bool, .string: false
    }
  }

  /// A tensor of numbers inside the model's file.
  func tensor(_ stored: ONNXTensor, _ fields: [String], _ source: ModelSource) throws -> Tensor {
    guard fields.count <= 1 else {
      throw PexError(.malformed, "its numbers are in several fields: \(fields.joined(separator: ", "))")
    }
    guard let payload = stored.payloads.first else { return try tensor(listed: stored) }
    guard stored.payloads.count == 1 else { throw PexError(.malformed, "\(payload.field.name) occurs more than once") }
    guard payload.field == .raw || payload.field == typedField else {
      throw PexError(.malformed, "\(type) numbers cannot be in \(payload.field.name)")
    }
    return try source.withBytes { bytes in
      guard payload.range.upperBound <= bytes.count else { throw PexError(.malformed, "its data is cut off") }
      let data = UnsafeRawBufferPointer(rebasing: bytes[payload.range])
      defer { source.release(payload.range) }
      switch payload.field {
      case .raw, .floats, .doubles: return try tensor(raw: data)
      case .int32s, .int64s, .uint64s: return try tensor(packed: data)
      }
    }
  }

  /// The field that holds numbers of that type one by one.
  private var typedField: ONNXTensor.Field? {
    switch type {
    case .float: .floats
    case .double: .doubles
    case .float16, .bfloat16, .bool, .int8, .uint8, .int16, .uint16, .int32: .int32s
    case .int64: .int64s
    case .uint32, .uint64: .uint64s
    case .string: nil
    }
  }

  func tensor(raw data: UnsafeRawBufferPointer) throws -> Tensor {
    guard byteCount == data.count else {
      throw PexError(.malformed, "shape \(shape) takes \(byteCount) bytes, found \(data.count)")
    }
    return try Tensor(dtype, shape) { target in
      switch type {
      case .uint16: widen(data, UInt16.self, into: target, Int32.self)
      case .int16: widen(data, Int16.self, into: target, Int32.self)
      case .uint32: widen(data, UInt32.self, into: target, Int64.self)
      case .bool: for index in 0..<shape.count { target[index] = data[index] == 0 ? 0 : 1 }
      case .uint64:
        target.copyMemory(from: data)
        try checkSigned(target)
      case .float, .uint8, .int8, .int32, .int64, .string, .float16, .double, .bfloat16:
        target.copyMemory(from: data)
      }
    }
  }

  /// `target` has as many elements as `data`: the caller compared the bytes with the shape.
  private func widen<Narrow: FixedWidthInteger, Wide: FixedWidthInteger>(
    _ data: UnsafeRawBufferPointer, _: Narrow.Type, into target: UnsafeMutableRawBufferPointer, _: Wide.Type
  ) {
    let elements = target.bindMemory(to: Wide.self)
    for index in elements.indices {
      let narrow = data.loadUnaligned(fromByteOffset: index * MemoryLayout<Narrow>.size, as: Narrow.self)
      elements[index] = Wide(truncatingIfNeeded: narrow)
    }
  }

  private func checkSigned(_ target: UnsafeMutableRawBufferPointer) throws {
    guard type == .uint64, target.bindMemory(to: Int64.self).contains(where: { $0 < 0 }) else { return }
    throw PexError(.unsupported, "a number is greater than \(Int64.max)")
  }

  /// A tensor of integers of variable length. The scan has seen that each is whole.
  private func tensor(packed data: UnsafeRawBufferPointer) throws -> Tensor {
    try checkCount(data.reduce(0) { $0 + ($1 & 0x80 == 0 ? 1 : 0) })
    var reader = WireReader(data, 0..<data.count)
    return try integers { _ in Int64(bitPattern: try reader.varint()) }
  }

  private func tensor(listed stored: ONNXTensor) throws -> Tensor {
    switch type {
    case .float: return try floats(stored.floats)
    case .double: return try floats(stored.doubles)
    default:
      let numbers =
        switch typedField {
        case .int64s: stored.int64s
        case .uint64s: stored.uint64s
        default: stored.int32s
        }
      try checkCount(numbers.count)
      return try integers { numbers[$0] }
    }
  }

  private func floats<Element>(_ numbers: [Element]) throws -> Tensor {
    try checkCount(numbers.count)
    return try Tensor(dtype, shape) { target in numbers.withUnsafeBytes { target.copyMemory(from: $0) } }
  }

  /// - Parameter number: gives the elements, called once for each in order.
  private func integers(_ number: (Int) throws -> Int64) throws -> Tensor {
    try Tensor(dtype, shape) { target in
      switch dtype {
      case .float16, .bfloat16: try fill(target, UInt16.self, number)
      case .bool: try fill(target, UInt8.self) { try number($0) == 0 ? 0 : 1 }
      case .int8, .uint8: try fill(target, UInt8.self, number)
      case .int32: try fill(target, Int32.self, number)
      case .int64, .float32, .float64:
        try fill(target, Int64.self, number)
        try checkSigned(target)
      }
    }
  }

  private func fill<Element: FixedWidthInteger>(
    _ target: UnsafeMutableRawBufferPointer, _: Element.Type, _ number: (Int) throws -> Int64
  ) throws {
    let elements = target.bindMemory(to: Element.self)
    for index in elements.indices { elements[index] = Element(truncatingIfNeeded: try number(index)) }
  }

  private func checkCount(_ count: Int) throws {
    guard count == shape.count else {
      throw PexError(.malformed, "shape \(shape) has \(shape.count) elements, found \(count)")
    }
  }
}
