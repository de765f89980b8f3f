/// The search behind ``ThresholdChoice``: every candidate is tried on every sample, so nothing is assumed about how
/// accuracy depends on thresholds.
struct ThresholdSearch {
  /// The most thresholds that are tried for an exit.
  static let mostCandidates = 256

  let exits: [Predictions]
  let enabled: [Bool]
  let labels: [Int]
  let costs: [Double]
  let goal: PolicyGoal
  /// Which samples the most accurate single exit answers right.
  let best: [Bool]

  /// What some thresholds come to.
  struct Trial {
    let outcome: PolicyOutcome
    let meetsGoal: Bool
  }

  /// The best threshold shared by all exits.
  func common() throws -> (threshold: Float, trial: Trial) {
    let early = exits.indices.dropLast().filter { enabled[$0] }
    var best = (threshold: Float(1), trial: try trial(thresholds(1)))
    for candidate in candidates(early.flatMap { exits[$0].confidences }) {
      let trial = try trial(thresholds(candidate))
      if isBetter(trial, than: best.trial) { best = (candidate, trial) }
    }
    return best
  }

  /// Thresholds of each exit: starting from the common one, one exit after the other is given its best while the
  /// others stay, until nothing changes or three rounds have passed.
  func perExit(from common: Float) throws -> (thresholds: [Float], outcome: PolicyOutcome) {
    var thresholds = thresholds(common)
    var best = try trial(thresholds)
    for _ in 0..<3 {
      let before = thresholds
      for exit in exits.indices.dropLast() where enabled[exit] {
        for candidate in candidates(exits[exit].confidences) {
          var changed = thresholds
          changed[exit] = candidate
          let trial = try trial(changed)
          if isBetter(trial, than: best) { (thresholds, best) = (changed, trial) }
        }
      }
      if thresholds == before { break }
    }
    return (thresholds, best.outcome)
  }

  private func thresholds(_ common: Float) -> [Float] {
    exits.indices.map { $0 == exits.count - 1 ? 0 : enabled[$0] ? common : 1 }
  }

  private func trial(_ thresholds: [Float]) throws -> Trial {
    let last = exits.count - 1
    let taken = labels.indices.map { sample in
      exits.indices.first { enabled[$0] && exits[$0].confidences[sample] >= thresholds[$0] } ?? last
    }
    let outcome = try PolicyOutcome(taken: taken, exits: exits, labels: labels, costs: costs)
    let right = labels.indices.map { exits[taken[$0]].classes[$0] == labels[$0] }
    return Trial(outcome: outcome, meetsGoal: meets(outcome, right))
  }

  private func meets(_ outcome: PolicyOutcome, _ right: [Bool]) -> Bool {
    switch goal {
    case .nearBest:
      // The difference of two paired shares, and what it may be off by with a probability of a tenth.
      let lost = zip(best, right).count { $0 && !$1 }
      let gained = zip(best, right).count { !$0 && $1 }
      let doubt = 1.28 * Double(lost + gained).squareRoot()
      return Double(lost - gained) + doubt <= PolicyGoal.near * Double(labels.count)
    case .accuracy(let target, let confidence):
      return lowerBound(right.count { $0 }, of: labels.count, confidence: confidence) >= target
    case .cost(let limit): return outcome.meanCost <= limit
    }
  }

  /// Meeting the goal comes first. Of two that do, the cheaper, or for a cost the more accurate; of two that do not, the
  /// more accurate, or for a cost the cheaper.
  private func isBetter(_ one: Trial, than other: Trial) -> Bool {
    guard one.meetsGoal == other.meetsGoal else { return one.meetsGoal }
    let isForCost = if case .cost = goal { true } else { false }
    let (a, b) = (one.outcome, other.outcome)
    return one.meetsGoal != isForCost
      ? (a.meanCost, -a.accuracy) < (b.meanCost, -b.accuracy) : (-a.accuracy, a.meanCost) < (-b.accuracy, b.meanCost)
  }

  /// Thresholds to try: halfway between neighbouring confidences, so that rounding on another machine takes the same exits;
  /// evenly thinned where there are many.
  private func candidates(_ confidences: [Float]) -> [Float] {
    let sorted = Set(confidences).sorted()
    let halves = [0] + zip(sorted, sorted.dropFirst()).map { $0 + ($1 - $0) / 2 } + [1]
    guard halves.count > Self.mostCandidates else { return halves }
    return (0..<Self.mostCandidates).map { halves[$0 * (halves.count - 1) / (Self.mostCandidates - 1)] }
  }
}
