import PexTensor

/// Convolutions between a tap and what heads pool, with their numbers.
public struct Branch: Sendable {
  /// What it looks like.
  public let specification: BranchSpecification
  /// The learned tensors, float32, in the specification's order.
  public let parameters: [Tensor]

  /// A branch with the given numbers.
  /// - Throws: ``PexError`` (malformed) when a tensor's type or shape differs from the specification or a number is not
  ///   finite.
  public init(_ specification: BranchSpecification, parameters: [Tensor]) throws {
    try require(parameters, specification.parameters, of: "a branch")
    self.specification = specification
    self.parameters = parameters
  }

  /// A branch drawn from the zero-mean normal distribution of He et al. 2015 (arXiv 1502.01852), biases 0. The same seed
  /// gives the same numbers everywhere.
  /// - Throws: ``PexError`` (malformed) when a size overflows.
  public static func random(_ specification: BranchSpecification, seed: UInt64) throws -> Branch {
    try Branch(specification, parameters: randomTensors(specification.parameters, seed: seed))
  }

  /// The tensors of each layer.
  public var tensors: [(weight: Tensor, bias: Tensor?)] {
    var rest = parameters[...]
    return specification.layers.compactMap { layer in
      guard let weight = rest.popFirst() else { return nil }
      return (weight, layer.isActivated ? rest.popFirst() : nil)
    }
  }
}

/// Checks learned tensors against what they should be.
/// - Throws: ``PexError`` (malformed).
func require(_ tensors: [Tensor], _ expected: [HeadSpecification.Parameter], of owner: String) throws {
  guard tensors.count == expected.count else {
    throw PexError(.malformed, "\(owner) has \(expected.count) tensors, found \(tensors.count)")
  }
  for (tensor, parameter) in zip(tensors, expected) {
    guard tensor.dtype == .float32, tensor.shape.dimensions == parameter.dimensions else {
      throw PexError(
        .malformed,
        "head tensor '\(parameter.name)': expected f32\(parameter.dimensions), found \(tensor.dtype.name)\(tensor.shape)"
      )
    }
    guard tensor.isFinite else {
      throw PexError(.malformed, "head tensor '\(parameter.name)' holds numbers that are not finite")
    }
  }
}

/// Weights drawn as He et al. 2015 do, biases 0.
func randomTensors(_ parameters: [HeadSpecification.Parameter], seed: UInt64) throws -> [Tensor] {
  var generator = SplitMix64(seed: seed)
  return try parameters.map { parameter in
    let fan = parameter.dimensions.dropFirst().reduce(1, *)
    let scale = parameter.dimensions.count == 1 ? 0 : Float((2 / Double(fan)).squareRoot())
    let count = parameter.dimensions.reduce(1, *)
    return try Tensor(parameter.dimensions, (0..<count).map { _ in scale * generator.normal() })
  }
}
