import PexTensor

/// A head with its numbers: computes logits from one tap.
public struct Head: Sendable {
  /// What it looks like.
  public let specification: HeadSpecification
  /// The learned tensors, float32, in the specification's order.
  public let parameters: [Tensor]
  /// Logits are divided by this before softmax; positive and finite. Chosen on held-out samples.
  public let temperature: Float

  /// The branches that it reads, those of ``HeadSpecification/branches``; empty while nobody has said which, and a head that
  /// reads some cannot compute then.
  public let branches: [Branch]
  /// The exit's own among them.
  public var branch: Branch? { specification.branch == nil ? nil : branches.last }

  /// A head with the given numbers.
  /// - Throws: ``PexError`` (malformed) when a tensor's type or shape differs from the specification, a number is
  ///   not finite, a prototype's count is negative, the temperature is not positive, or branches look otherwise.
  public init(
    _ specification: HeadSpecification, parameters: [Tensor], temperature: Float = 1, branches: [Branch] = []
  ) throws {
    try require(parameters, specification.parameters, of: "a \(specification.kind.rawValue) head")
    guard branches.isEmpty || branches.map(\.specification) == specification.branches else {
      throw PexError(.malformed, "a \(specification.kind.rawValue) head does not read these \(branches.count) branches")
    }
    guard temperature > 0, temperature.isFinite else {
      throw PexError(.malformed, "a head's temperature must be positive and finite, found \(temperature)")
    }
    if let count = specification.parameters.firstIndex(where: { $0.name == "count" }) {
      guard parameters[count].floats.allSatisfy({ $0 >= 0 }) else {
        throw PexError(.malformed, "head tensor 'count': a mean cannot stand for fewer than 0 samples")
      }
    }
    self.specification = specification
    self.parameters = parameters
    self.temperature = temperature
    self.branches = branches
  }

  /// The learned tensor of that name.
  /// - Throws: ``PexError`` (defect) when this kind of head has none of that name.
  public func parameter(_ name: String) throws -> Tensor {
    guard let index = specification.parameters.firstIndex(where: { $0.name == name }) else {
      throw PexError(.defect, "a \(specification.kind.rawValue) head has no tensor '\(name)'")
    }
    return parameters[index]
  }

  /// The same head reading branches, one for each of ``HeadSpecification/branches``, or none.
  /// - Throws: ``PexError`` (malformed) as ``init(_:parameters:temperature:branches:)``.
  public func reading(_ branches: [Branch]) throws -> Head {
    try Head(specification, parameters: parameters, temperature: temperature, branches: branches)
  }

  /// What runs between the tap and what is pooled: the branch, or a convolutional head's own convolution.
  /// - Throws: ``PexError`` (defect) when the head reads a branch that is not there.
  public func convolutions() throws -> Branch? {
    guard let expected = specification.convolutions else { return nil }
    if let branch { return branch }
    guard specification.kind == .conv else {
      throw PexError(.defect, "a \(specification.kind.rawValue) head has no branch to read")
    }
    return try Branch(expected, parameters: Array(parameters.prefix(2)))
  }

  /// A head drawn from the zero-mean normal distribution of He et al. 2015 (arXiv 1502.01852), biases 0; so are its branches.
  /// The same seed gives the same numbers everywhere.
  /// - Throws: ``PexError`` (malformed) when a size overflows.
  public static func random(_ specification: HeadSpecification, seed: UInt64) throws -> Head {
    try Head(
      specification, parameters: randomTensors(specification.parameters, seed: seed),
      branches: specification.branches.map { try Branch.random($0, seed: seed) })
  }
}
