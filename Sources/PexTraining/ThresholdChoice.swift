import PexTensor

/// Confidences from which exits are taken, chosen on held-out samples for a goal.
///
/// On few samples the cheapest choice promises a little more than it keeps: what is reported here was chosen by the
/// very samples it is measured on. A goal with a confidence allows for that.
public struct ThresholdChoice: Hashable, Sendable {
  /// Below so many held-out samples no threshold can be chosen.
  public static let fewestSamples = 10

  /// What was aimed at.
  public let goal: PolicyGoal
  /// Whether the common threshold meets the goal. When none does, the most accurate is chosen, the cheapest of equals; for
  /// a cost the cheapest.
  public let meetsGoal: Bool
  /// One threshold for all enabled exits, 0 to 1: an exit is taken when its confidence is at least this. The last exit
  /// is taken in any case.
  public let common: Float
  /// What ``common`` comes to.
  public let commonOutcome: PolicyOutcome
  /// One threshold an exit; 0 for the last, 1 for exits that are not enabled. Only a confidence that rounds to 1 takes
  /// an enabled exit at 1.
  public let perExit: [Float]
  /// What ``perExit`` comes to.
  public let perExitOutcome: PolicyOutcome

  /// Chooses thresholds.
  ///
  /// - Parameters:
  ///   - exits: calibrated answers of each exit for held-out samples, shallowest first; the last one is the last resort
  ///     (the final classifier, or the deepest head where it takes the classifier's place).
  ///   - enabled: which exits may be taken; the last one always is.
  ///   - labels: one a sample.
  ///   - costs: what taking each exit costs, the enabled heads evaluated on the way included.
  ///   - goal: what the policy is for.
  /// - Returns: nil below ``fewestSamples`` samples.
  /// - Throws: ``PexError``: defect when sizes differ or there are no exits; usage when the goal is out of range.
  public static func choose(
    exits: [Predictions], enabled: [Bool], labels: [Int], costs: [Double], goal: PolicyGoal = .nearBest
  ) throws -> ThresholdChoice? {
    try goal.validate()
    guard !exits.isEmpty, enabled.count == exits.count, costs.count == exits.count,
      exits.allSatisfy({ $0.count == labels.count })
    else { throw PexError(.defect, "\(exits.count) exits, \(costs.count) costs and \(labels.count) labels do not fit") }
    guard labels.count >= fewestSamples else { return nil }
    let open = exits.indices.map { enabled[$0] || $0 == exits.count - 1 }
    // The deepest of equals: what stopping early is held against.
    let ranked = try exits.indices.filter { open[$0] }.map { (accuracy: try exits[$0].accuracy(labels), exit: $0) }
    let best = ranked.max { ($0.accuracy, $0.exit) < ($1.accuracy, $1.exit) }?.exit ?? exits.count - 1
    let search = ThresholdSearch(
      exits: exits, enabled: open, labels: labels, costs: costs, goal: goal,
      best: zip(exits[best].classes, labels).map { $0 == $1 })
    let common = try search.common()
    let perExit = try search.perExit(from: common.threshold)
    return ThresholdChoice(
      goal: goal, meetsGoal: common.trial.meetsGoal, common: common.threshold, commonOutcome: common.trial.outcome,
      perExit: perExit.thresholds,
      perExitOutcome: perExit.outcome)
  }
}
