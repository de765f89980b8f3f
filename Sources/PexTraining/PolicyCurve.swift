import PexTensor

/// What a confidence policy comes to on some labelled samples as its one threshold rises.
public struct PolicyCurve: Hashable, Sendable {
  /// A threshold and what it comes to.
  public struct Point: Hashable, Sendable {
    /// An exit is taken when its confidence is at least this; nil: none but the last is.
    public let threshold: Float?
    /// What the policy comes to.
    public let outcome: PolicyOutcome
  }

  /// The most thresholds of a curve.
  public static let mostPoints = 128

  /// One point a threshold, rising; the last is the one that takes no early exit.
  public let points: [Point]

  /// Tries thresholds that occur among the early exits' confidences, evenly thinned by rank.
  ///
  /// This describes samples; a threshold that is read off a curve flatters on the very samples it was drawn from.
  ///
  /// - Parameters:
  ///   - exits: what each exit that may be taken answers, shallowest first; the last one is the last resort.
  ///   - labels: one a sample.
  ///   - costs: what taking each exit costs, heads evaluated on the way included.
  /// - Throws: ``PexError`` (defect) when sizes differ, or there are no exits or no samples.
  public init(exits: [Predictions], labels: [Int], costs: [Double]) throws {
    guard !exits.isEmpty, exits.allSatisfy({ $0.count == labels.count }) else {
      throw PexError(.defect, "\(exits.count) exits and \(labels.count) labels do not fit")
    }
    let early = exits.dropLast()
    let confidences = Set(early.flatMap(\.confidences)).sorted()
    let kept = min(confidences.count, Self.mostPoints - 1)
    let thresholds = (0..<kept).map { confidences[$0 * (confidences.count - 1) / max(kept - 1, 1)] }
    points = try (thresholds.map(Optional.some) + [nil]).map { threshold in
      let taken = labels.indices.map { sample in
        early.indices.first { early[$0].confidences[sample] >= threshold ?? .infinity } ?? exits.count - 1
      }
      let outcome = try PolicyOutcome(taken: taken, exits: exits, labels: labels, costs: costs)
      return Point(threshold: threshold, outcome: outcome)
    }
  }
}
