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
  /// The accuracy that ``PolicyGoal/nearBest`` asks for.
  let nearBest: Double

  /// The best threshold shared by all exits.
  func common() throws -> (threshold: Float, outcome: PolicyOutcome) {
    let early = exits.indices.dropLast().filter { enabled[$0] }
    var best = (threshold: Float(1), outcome: try outcome(thresholds(1)))
    for candidate in candidates(early.flatMap { exits[$0].confidences }) {
      let outcome = try outcome(thresholds(candidate))
      if isBetter(outcome, than: best.outcome) { best = (candidate, outcome) }
    }
    return best
  }

  /// Thresholds of each exit: starting from the common one, one exit after the other is given its best while the
  /// others stay, until nothing changes or three rounds have passed.
  func perExit(from common: Float) throws -> (thresholds: [Float], outcome: PolicyOutcome) {
    var thresholds = thresholds(common)
    var best = try outcome(thresholds)
    for _ in 0..<3 {
      let before = thresholds
      for exit in exits.indices.dropLast() where enabled[exit] {
        for candidate in candidates(exits[exit].confidences) {
          var changed = thresholds
          changed[exit] = candidate
          let outcome = try outcome(changed)
          if isBetter(outcome, than: best) { (thresholds, best) = (changed, outcome) }
        }
      }
      if thresholds == before { break }
    }
    return (thresholds, best)
  }

  private func thresholds(_ common: Float) -> [Float] {
    exits.indices.map { $0 == exits.count - 1 ? 0 : enabled[$0] ? common : 1 }
  }

  private func outcome(_ thresholds: [Float]) throws -> PolicyOutcome {
    let last = exits.count - 1
    let taken = labels.indices.map { sample in
      exits.indices.first { enabled[$0] && exits[$0].confidences[sample] >= thresholds[$0] } ?? last
    }
    return try PolicyOutcome(taken: taken, exits: exits, labels: labels, costs: costs)
  }

  /// Whether an outcome is what the goal asks for.
  func meets(_ outcome: PolicyOutcome) -> Bool {
    switch goal {
    case .nearBest: return outcome.accuracy >= nearBest
    case .accuracy(let target, let confidence):
      let right = Int((outcome.accuracy * Double(labels.count)).rounded())
      return lowerBound(right, of: labels.count, confidence: confidence) >= target
    case .cost(let limit): return outcome.meanCost <= limit
    }
  }

  /// Meeting the goal comes first. Of two that do, the cheaper, or for a cost the more accurate; of two that do not, the
  /// more accurate, or for a cost the cheaper.
  private func isBetter(_ a: PolicyOutcome, than b: PolicyOutcome) -> Bool {
    let (aMeets, bMeets) = (meets(a), meets(b))
    guard aMeets == bMeets else { return aMeets }
    let isForCost = if case .cost = goal { true } else { false }
    return aMeets != isForCost
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
