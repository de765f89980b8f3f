/// How many more of the same samples one answers right than another.
public struct PairedDifference: Hashable, Sendable {
  /// Share of samples answered right before, 0 to 1.
  public let before: Double
  /// Share of samples answered right after, 0 to 1.
  public let after: Double
  /// What ``gain`` would lie in for 95 of 100 draws of samples, -1 to 1.
  public let interval: ClosedRange<Double>
  /// How many samples there were; at least 1.
  public let count: Int

  /// The share gained, -1 to 1.
  public var gain: Double { after - before }
  /// Whether chance alone does not explain the gain: the whole interval lies above 0.
  public var isGain: Bool { interval.lowerBound > 0 }

  /// Compares answers for the same samples.
  ///
  /// The interval is that of Bonett and Price (2012, "Adjusted Wald confidence interval for a difference of binomial
  /// proportions based on paired data"): of the samples that one of both alone answers right, each kind counts as one more,
  /// which keeps it honest on few samples, where nothing may have changed at all.
  ///
  /// - Returns: nil without samples, or when there are not as many answers.
  public init?(before: [Bool], after: [Bool]) {
    guard !before.isEmpty, before.count == after.count else { return nil }
    count = before.count
    let total = Double(count)
    self.before = Double(before.count { $0 }) / total
    self.after = Double(after.count { $0 }) / total
    let gained = Double(zip(before, after).count { !$0 && $1 } + 1) / (total + 2)
    let lost = Double(zip(before, after).count { $0 && !$1 } + 1) / (total + 2)
    let difference = gained - lost
    let margin = 1.959964 * ((gained + lost - difference * difference) / (total + 2)).squareRoot()
    interval = max(-1, difference - margin)...min(1, difference + margin)
  }
}
