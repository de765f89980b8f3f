/// The extents of a tensor, outermost first. Row-major; an empty list is a scalar.
public struct Shape: Hashable, Sendable {
  /// Extents, outermost first; none is negative.
  public let dimensions: [Int]

  /// A shape with the given extents.
  /// - Throws: ``PexError`` (malformed) when an extent is negative or the element count overflows `Int`. Extents of 0
  ///   do not hide an overflow of the others, so that ``strides`` never overflow either.
  public init(_ dimensions: [Int]) throws {
    var count = 1
    for extent in dimensions {
      guard extent >= 0 else { throw PexError(.malformed, "negative extent in shape \(dimensions)") }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { throw PexError(.malformed, "shape \(dimensions) has too many elements") }
      count = product
    }
    self.dimensions = dimensions
    self.count = dimensions.contains(0) ? 0 : count
  }

  /// The number of elements: the product of the extents.
  public let count: Int

  /// The number of extents.
  public var rank: Int { dimensions.count }

  /// The extent of one axis. The axis must be smaller than ``rank``.
  public subscript(axis: Int) -> Int { dimensions[axis] }

  /// Elements between neighbours along each axis of a row-major tensor.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    return strides
  }

  /// The bytes that a tensor of this shape takes.
  /// - Throws: ``PexError`` (malformed) when the number overflows `Int`.
  public func byteCount(_ dtype: DType) throws -> Int {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount)
    guard !overflow else { throw PexError(.malformed, "shape \(dimensions) has too many bytes") }
    return bytes
  }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[" + dimensions.map(String.init).joined(separator: ",") + "]" }
}
