import PexRuntime
import PexTraining

/// How some heads do.
public struct CandidateResult: Sendable {
  /// An exit and how it does when every sample takes it.
  public struct ExitResult: Sendable {
    /// The exit.
    public let exit: ExitName
    /// How it does.
    public let figures: Figures
  }

  /// A rule and how it does.
  public struct RuleResult: Sendable {
    /// The rule.
    public let rule: Rule
    /// How it does.
    public let figures: Figures
    /// The exit that each sample took.
    public let taken: [ExitName]

    /// Share of samples that took an exit.
    public func share(_ exit: ExitName) -> Double {
      Double(taken.count { $0 == exit }) / Double(max(taken.count, 1))
    }
  }

  /// The heads.
  public let candidate: Candidate
  /// The exits by depth, the final classifier last.
  public let exits: [ExitResult]
  /// What policies end in, where that is none of the exits: the final classifier told the heads' classes.
  public let lastResort: Figures?
  /// The rules, in their order.
  public let rules: [RuleResult]
  /// How a confidence policy does as its one threshold rises, against shares of multiply-accumulates, and against
  /// milliseconds; nil when there is nothing to choose between.
  public let curves: (cost: PolicyCurve, time: PolicyCurve)?

  init(_ tally: CandidateTally, _ labels: [Int]) throws {
    candidate = tally.candidate
    let times = tally.timer.times
    func figures(_ tally: Tally, _ route: RouteTimer.Route) throws -> Figures {
      let times = times[route] ?? RunTimes()
      return try Figures(tally, labels, fraction: times.fraction, time: TimeEstimate(times))
    }
    exits = try zip(tally.places, tally.tallies).compactMap { place, tally in
      guard case .exit(let exit) = place else { return nil }
      return ExitResult(exit: exit, figures: try figures(tally, .exit(exit)))
    }
    lastResort = try tally.hasOwnLastResort ? tally.tallies.last.map { try figures($0, .init(.lastResort)) } : nil
    rules = try tally.rules.map { rule in
      let (fraction, time) = tally.cost(of: rule)
      return RuleResult(
        rule: rule.rule, figures: try Figures(rule.tally, labels, fraction: fraction, time: time), taken: rule.taken)
    }
    curves = try tally.curves(labels)
  }
}

extension CandidateTally {
  /// What following a rule costs: what each way takes, weighed by how many samples went it.
  fileprivate func cost(of rule: RuleTally) -> (fraction: Double, time: TimeEstimate) {
    guard rule.times.count == 0 else { return (rule.meanFraction, TimeEstimate(rule.times)) }
    let total = Double(max(rule.ways.values.reduce(0, +), 1))
    var (fraction, mean, variance) = (0.0, 0.0, 0.0)
    for (way, count) in rule.ways.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      let (times, share) = (timer.times[way] ?? timer.times[.lastResort] ?? RunTimes(), Double(count) / total)
      fraction += share * times.fraction
      mean += share * times.mean
      variance += share * share * times.variance
    }
    return (fraction, TimeEstimate(mean: mean, variance: variance))
  }

  /// Every threshold of a confidence policy, over the exits that policies may take.
  fileprivate func curves(_ labels: [Int]) throws -> (cost: PolicyCurve, time: PolicyCurve)? {
    let enabled = candidate.heads.entries.filter { $0.isEnabled && $0.answers && .exit($0.exit) != lastExit }.map(
      \.exit)
    guard !enabled.isEmpty, !labels.isEmpty else { return nil }
    let early = try enabled.compactMap { exit in
      try places.firstIndex(of: .exit(.exit(exit))).map { try tallies[$0].predictions() }
    }
    guard early.count == enabled.count, let last = try tallies.last?.predictions() else { return nil }
    let ways = enabled.map(RouteTimer.Route.stop) + [.lastResort]
    let times = ways.map { timer.times[$0] ?? RunTimes() }
    return (
      try PolicyCurve(exits: early + [last], labels: labels, costs: times.map(\.fraction)),
      try PolicyCurve(exits: early + [last], labels: labels, costs: times.map(\.mean))
    )
  }
}
