import PexTensor

/// The derivatives of a loss with respect to a head's learned tensors.
public struct Gradients: Sendable {
  /// One array a tensor, in the order of ``HeadSpecification/parameters``, row-major.
  public var values: [[Float]]

  /// All zero, for a head of this specification.
  public init(_ specification: HeadSpecification) {
    values = specification.parameters.map { [Float](repeating: 0, count: $0.dimensions.reduce(1, *)) }
  }

  /// Forgets what was summed, keeping the memory.
  public mutating func reset() {
    for tensor in values.indices {
      values[tensor].withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    }
  }
}
