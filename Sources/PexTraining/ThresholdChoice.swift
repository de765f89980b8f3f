import PexTensor

/// Confidences from which exits are taken, and which exits may be, chosen on held-out samples for a goal.
///
/// On few samples the cheapest choice promises a little more than it keeps: ``outcome`` was chosen by the very samples it is
/// measured on. A goal with a confidence allows for that.
public struct ThresholdChoice: Hashable, Sendable {
  /// Below so many held-out samples no threshold can be chosen.
  public static let fewestSamples = 10

  /// What was aimed at.
  public let goal: PolicyGoal
  /// Whether the threshold meets the goal. When none does, the most accurate is chosen, the cheapest of equals; for a cost
  /// the cheapest.
  public let meetsGoal: Bool
  /// One threshold for all enabled exits, 0 to 1: an exit is taken when its confidence is at least this. The last exit
  /// is taken in any case.
  public let threshold: Float
  /// Which exits may be taken, shallowest first; the last one always is. Among those that were allowed, an exit is closed
  /// that is never taken, or costs more than it saves: then its head is not even computed.
  public let enabled: [Bool]
  /// What the choice comes to on the samples that chose it.
  public let outcome: PolicyOutcome
  /// How many samples chose it.
  public let count: Int

  /// Chooses threshold and exits.
  ///
  /// - Parameters:
  ///   - exits: calibrated answers of each exit for held-out samples, shallowest first; the last one is the last resort
  ///     (the final classifier, or the deepest head where it takes the classifier's place).
  ///   - enabled: which exits may be taken; the last one always is.
  ///   - labels: one a sample.
  ///   - costs: of each exit.
  ///   - goal: what the policy is for.
  ///   - closesExits: whether exits may be closed; a bundle's base heads serve everybody, and none is.
  /// - Returns: nil below ``fewestSamples`` samples.
  /// - Throws: ``PexError``: defect when sizes differ or there are no exits; usage when the goal is out of range.
  public static func choose(
    exits: [Predictions], enabled: [Bool], labels: [Int], costs: ExitCosts, goal: PolicyGoal = .nearBest,
    closesExits: Bool = true
  ) throws -> ThresholdChoice? {
    try goal.validate()
    guard !exits.isEmpty, enabled.count == exits.count, costs.macs.trunk.count == exits.count,
      exits.allSatisfy({ $0.count == labels.count })
    else {
      throw PexError(
        .defect, "\(exits.count) exits, \(costs.macs.trunk.count) costs and \(labels.count) labels do not fit")
    }
    guard labels.count >= fewestSamples else { return nil }
    let allowed = exits.indices.map { enabled[$0] || $0 == exits.count - 1 }
    // The deepest of equals: what stopping early is held against.
    let ranked = try exits.indices.filter { allowed[$0] }.map { (accuracy: try exits[$0].accuracy(labels), exit: $0) }
    let best = ranked.max { ($0.accuracy, $0.exit) < ($1.accuracy, $1.exit) }?.exit ?? exits.count - 1
    let search = ThresholdSearch(
      exits: exits, labels: labels, costs: costs, goal: goal, best: zip(exits[best].classes, labels).map { $0 == $1 },
      doubts: doubts(exits, goal), closesExits: closesExits)
    let (open, found) = search.run(allowed)
    let outcome = PolicyOutcome(
      right: found.right, taken: found.taken, costs: costs.macs.taking(open), times: costs.time?.taking(open),
      count: labels.count)
    return ThresholdChoice(
      goal: goal, meetsGoal: found.meetsGoal, threshold: found.threshold ?? 1, enabled: open, outcome: outcome,
      count: labels.count)
  }

  private static func doubts(_ exits: [Predictions], _ goal: PolicyGoal) -> [[Double]] {
    guard case .faithful = goal, let last = exits.last else { return [] }
    return exits.dropLast().map { exit in
      let others = OtherAnswers(exit.confidences, isOther: zip(exit.classes, last.classes).map { $0 != $1 })
      return exit.confidences.map(others.probability)
    }
  }

  /// The exit that each sample takes, as a position among the exits.
  func taken(_ exits: [Predictions]) -> [Int] {
    let early = exits.indices.dropLast().filter { enabled[$0] }
    return (exits.first?.classes ?? []).indices.map { sample in
      early.first { exits[$0].confidences[sample] >= threshold } ?? exits.count - 1
    }
  }
}
