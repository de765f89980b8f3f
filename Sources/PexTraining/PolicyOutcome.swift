import PexTensor

/// What stopping early comes to on some labelled samples.
public struct PolicyOutcome: Hashable, Sendable {
  /// Share of samples answered right by the exit that they took, 0 to 1.
  public let accuracy: Double
  /// Mean cost of the exits taken, in the unit of the costs given: as a rule shares of the model's multiply-accumulates.
  public let meanCost: Double
  /// Mean time of the exits taken as a share of the whole model's; nil where nobody measured times.
  public let meanTime: Double?
  /// Share of samples that took each exit, shallowest first; sums to 1.
  public let exitShares: [Double]
  /// How many samples were counted.
  public let count: Int
  /// How many of them were answered otherwise than by the last resort; how many are wrong that were right before, by default by
  /// the last resort; and the other way round.
  public private(set) var (unlike, lost, gained) = (0, 0, 0)
  /// `lost - gained` if every class had as many samples, scaled to ``count`` samples.
  public private(set) var balancedLoss = 0.0

  /// What was counted on `count` samples: right ones, and how many took each exit.
  init(right: Int, taken: [Int], costs: [Double], times: [Double]?, count: Int) {
    func mean(_ costs: [Double]) -> Double {
      zip(taken, costs).reduce(0) { $0 + Double($1.0) * $1.1 } / Double(max(count, 1))
    }
    self.init(right: right, taken: taken, meanCost: mean(costs), meanTime: times.map(mean), count: count)
  }

  /// The same with costs that differ from sample to sample.
  init(
    right: Int, taken: [Int], meanCost: Double, meanTime: Double?, count: Int, unlike: Int = 0, lost: Int = 0,
    gained: Int = 0, balancedLoss: Double = 0
  ) {
    self.count = count
    self.balancedLoss = balancedLoss
    (self.unlike, self.lost, self.gained) = (unlike, lost, gained)
    accuracy = Double(right) / Double(max(count, 1))
    (self.meanCost, self.meanTime) = (meanCost, meanTime)
    exitShares = taken.map { Double($0) / Double(max(count, 1)) }
  }

  /// Measures a policy by the exits that it took.
  ///
  /// - Parameters:
  ///   - taken: the position in `exits` of the exit that each sample took.
  ///   - exits: what each exit answers for every sample, shallowest first.
  ///   - costs: what taking each exit costs, heads evaluated on the way included.
  /// - Throws: ``PexError`` (defect) when sizes differ, there are no samples, or an exit taken does not exist.
  public init(taken: [Int], exits: [Predictions], labels: [Int], costs: [Double]) throws {
    guard !labels.isEmpty, taken.count == labels.count, costs.count == exits.count,
      exits.allSatisfy({ $0.count == labels.count }), taken.allSatisfy(exits.indices.contains)
    else {
      throw PexError(
        .defect, "\(taken.count) exits taken, \(labels.count) labels, \(exits.count) exits and \(costs.count) costs")
    }
    var counts = [Int](repeating: 0, count: exits.count)
    var right = 0
    for (sample, exit) in taken.enumerated() {
      counts[exit] += 1
      if exits[exit].classes[sample] == labels[sample] { right += 1 }
    }
    let total = Double(labels.count)
    count = labels.count
    accuracy = Double(right) / total
    exitShares = counts.map { Double($0) / total }
    meanCost = zip(exitShares, costs).reduce(0) { $0 + $1.0 * $1.1 }
    meanTime = nil
  }
}
