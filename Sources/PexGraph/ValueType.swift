import PexTensor

/// The element type and the extents of a value in a ``Graph``.
public struct ValueType: Hashable, Sendable {
  /// The type of the elements.
  public var dtype: DType
  /// Extents, outermost first; only the first one may be the batch.
  public var dimensions: [Dimension]

  /// A type with the given extents.
  public init(_ dtype: DType, _ dimensions: [Dimension]) {
    self.dtype = dtype
    self.dimensions = dimensions
  }

  /// The type of a constant.
  public init(of tensor: Tensor) {
    self.init(tensor.dtype, tensor.shape.dimensions.map(Dimension.fixed))
  }

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// Whether the outermost axis is the symbolic batch.
  public var hasBatch: Bool { dimensions.first == .batch }

  /// The extents for one sample.
  public var perSample: [Int] { dimensions.map(\.perSample) }

  /// The shape for one sample.
  /// - Throws: ``PexError`` (malformed) when an extent is negative or the count overflows.
  public func sampleShape() throws -> Shape { try Shape(perSample) }

  /// Channels and spatial extents of a feature map `[N, C, spatial…]` with at least one spatial axis, or nil.
  public var featureMap: (channels: Int, spatial: [Int])? {
    guard dtype.isFloat, rank >= 3 else { return nil }
    return (dimensions[1].perSample, Array(perSample.dropFirst(2)))
  }

  /// Channels and spatial extents as a head sees them: a flat value `[N, C]` is a map of one element. Nil for anything
  /// that no head can read.
  public var tap: (channels: Int, spatial: [Int])? {
    featureMap ?? (rank == 2 && dtype.isFloat ? (dimensions[1].perSample, [1]) : nil)
  }

  /// Checks that the extents can be computed with: none negative, batch only in front, no overflow in bytes.
  /// - Throws: ``PexError`` (malformed).
  public func validate() throws {
    guard !dimensions.dropFirst().contains(.batch) else {
      throw PexError(.malformed, "the batch may only be the outermost axis, found \(self)")
    }
    _ = try sampleShape().byteCount(.float64)
  }
}

extension ValueType: CustomStringConvertible {
  public var description: String {
    dtype.name + "[" + dimensions.map(\.description).joined(separator: ",") + "]"
  }
}
