import PexRuntime
import PexTraining

/// Two ways to answer, on the same samples.
public struct Comparison: Sendable {
  /// Some heads under a rule, or the final classifier alone.
  public struct Side: Hashable, Sendable {
    /// What the heads are called; nil for base heads and the final classifier.
    public let heads: String?
    /// What the rule is called; nil for the final classifier.
    public let rule: String?
    /// Whether it is the final classifier among all of its classes.
    public var isFinal: Bool { rule == nil }

    /// A side.
    public init(heads: String?, rule: String?) { (self.heads, self.rule) = (heads, rule) }
  }

  /// What is compared with.
  public let before: Side
  /// What is compared.
  public let after: Side
  /// How many more samples are answered right, with a 95 % interval: of this comparison alone, however many there are.
  public let difference: PairedDifference
}

extension Evaluation {
  /// The comparisons that matter: every subject's first rule with the final classifier, with the reference's first rule and
  /// with every earlier subject's, and each further rule of a subject with its first.
  public var comparisons: [Comparison] {
    var found: [Comparison?] = []
    let firsts = subjects.compactMap { subject in subject.rules.first.map { Entrant(subject, $0) } }
    let references = results.filter(\.candidate.isReference).compactMap { result in
      result.rules.first.map { Entrant(result, $0) }
    }
    let final = results.lazy.compactMap { $0.exits.last { $0.exit == .final } }.first.map(Entrant.init)
    for (index, entrant) in firsts.enumerated() {
      let before = [final].compactMap(\.self) + references + firsts[..<index]
      found += before.map { compare($0, entrant) }
    }
    for (subject, first) in zip(subjects, firsts) {
      found += subject.rules.dropFirst().map { compare(first, Entrant(subject, $0)) }
    }
    return found.compactMap(\.self)
  }

  /// Something that answers.
  private struct Entrant {
    let side: Comparison.Side
    let isRight: [Bool]
    /// Whether it is the same answers as the final classifier's by its very rule.
    let isFinal: Bool

    init(_ result: CandidateResult, _ rule: CandidateResult.RuleResult) {
      side = .init(heads: result.candidate.name, rule: rule.rule.name)
      isRight = rule.figures.isRight
      isFinal = rule.rule == .exit(.final)
    }

    init(_ final: CandidateResult.ExitResult) {
      side = .init(heads: nil, rule: nil)
      isRight = final.figures.isRight
      isFinal = true
    }
  }

  private func compare(_ before: Entrant, _ after: Entrant) -> Comparison? {
    guard !before.isFinal || !after.isFinal else { return nil }
    return PairedDifference(before: before.isRight, after: after.isRight).map {
      Comparison(before: before.side, after: after.side, difference: $0)
    }
  }
}
