import PexTensor

/// A head with its numbers: computes logits from one tap.
public struct Head: Sendable {
  /// What it looks like.
  public let specification: HeadSpecification
  /// The learned tensors, float32, in the specification's order.
  public let parameters: [Tensor]
  /// Logits are divided by this before softmax; positive and finite. Chosen on held-out samples.
  public let temperature: Float

  /// A head with the given numbers.
  /// - Throws: ``PexError`` (malformed) when a tensor's type or shape differs from the specification, a number is
  ///   not finite, a prototype's count is negative, or the temperature is not positive.
  public init(_ specification: HeadSpecification, parameters: [Tensor], temperature: Float = 1) throws {
    let expected = specification.parameters
    guard parameters.count == expected.count else {
      throw PexError(
        .malformed, "a \(specification.kind.rawValue) head has \(expected.count) tensors, found \(parameters.count)")
    }
    for (tensor, parameter) in zip(parameters, expected) {
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
    guard temperature > 0, temperature.isFinite else {
      throw PexError(.malformed, "a head's temperature must be positive and finite, found \(temperature)")
    }
    if let count = expected.firstIndex(where: { $0.name == "count" }) {
      guard parameters[count].floats.allSatisfy({ $0 >= 0 }) else {
        throw PexError(.malformed, "head tensor 'count': a mean cannot stand for fewer than 0 samples")
      }
    }
    self.specification = specification
    self.parameters = parameters
    self.temperature = temperature
  }

  /// The learned tensor of that name.
  /// - Throws: ``PexError`` (defect) when this kind of head has none of that name.
  public func parameter(_ name: String) throws -> Tensor {
    guard let index = specification.parameters.firstIndex(where: { $0.name == name }) else {
      throw PexError(.defect, "a \(specification.kind.rawValue) head has no tensor '\(name)'")
    }
    return parameters[index]
  }

  /// A head drawn from the zero-mean normal distribution of He et al. 2015 (arXiv 1502.01852), biases 0.
  /// The same seed gives the same numbers everywhere.
  /// - Throws: ``PexError`` (malformed) when a size overflows.
  public static func random(_ specification: HeadSpecification, seed: UInt64) throws -> Head {
    var generator = SplitMix64(seed: seed)
    let parameters = try specification.parameters.map { parameter in
      let fan = parameter.dimensions.dropFirst().reduce(1, *)
      let scale = parameter.dimensions.count == 1 ? 0 : Float((2 / Double(fan)).squareRoot())
      let count = parameter.dimensions.reduce(1, *)
      return try Tensor(parameter.dimensions, (0..<count).map { _ in scale * generator.normal() })
    }
    return try Head(specification, parameters: parameters)
  }
}
