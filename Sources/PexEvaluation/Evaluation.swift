import PexRuntime
import PexTraining

/// What labelled samples say of some heads under some rules.
public struct Evaluation: Sendable {
  /// How many samples there were.
  public let count: Int
  /// The class of every sample, as a number of ``classNames``; -1 where nobody named it.
  public let labels: [Int]
  /// Names by number.
  public let classNames: [String]
  /// The number that stands for no answer.
  public let noAnswer: Int
  /// Whether answers could be rejected.
  public let rejects: Bool
  /// One result a candidate, in their order.
  public let results: [CandidateResult]

  /// The heads that are asked about: all but references.
  public var subjects: [CandidateResult] { results.filter { !$0.candidate.isReference } }

  /// Which classes a rule takes for which.
  /// - Throws: never, as sizes fit.
  public func confusion(_ rule: CandidateResult.RuleResult) throws -> ConfusionMatrix {
    try ConfusionMatrix(rule.figures.predictions, labels: labels)
  }

  /// The name of a class.
  public func name(_ number: Int) -> String {
    classNames.indices.contains(number) ? classNames[number] : "(unknown class)"
  }
}
