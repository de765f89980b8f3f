import PexTensor

/// How every exit, and a policy over them, does on labelled samples.
public struct Evaluation: Hashable, Sendable {
  /// Each exit alone: share of samples answered right, shallowest first.
  public let exitAccuracies: [Double]
  /// The policy.
  public let policy: PolicyOutcome

  /// - Parameters:
  ///   - exits: what each exit answers for every sample, shallowest first, the final classifier last.
  ///   - labels: one a sample.
  ///   - costs: what taking each exit costs, heads evaluated on the way included: one share of MACs an exit.
  ///   - policy: the position in `exits` of the exit that a sample takes.
  /// - Throws: ``PexError`` (defect) when sizes differ, there are no samples, or an exit taken does not exist.
  public init(
    exits: [Predictions], labels: [Int], costs: [Double], policy: (_ sample: Int) throws -> Int
  ) throws {
    let taken = try labels.indices.map(policy)
    self.policy = try PolicyOutcome(taken: taken, exits: exits, labels: labels, costs: costs)
    exitAccuracies = try exits.map { try $0.accuracy(labels) }
  }
}
