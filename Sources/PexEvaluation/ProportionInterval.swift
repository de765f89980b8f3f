/// The 95 % interval of a share of samples.
public enum ProportionInterval {
  /// The standard normal distribution's 97.5th percentile.
  static let quantile = 1.959964

  /// Wilson's score interval (1927, "Probable inference, the law of succession, and statistical inference"): it never
  /// leaves 0 to 1, and has a width where all samples or none are right.
  /// - Returns: 0 to 1 without samples.
  public static func wilson(_ right: Int, of count: Int) -> ClosedRange<Double> {
    guard count > 0 else { return 0...1 }
    let (total, z2) = (Double(count), quantile * quantile)
    let share = Double(right) / total
    let middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    let half = quantile / (1 + z2 / total) * (share * (1 - share) / total + z2 / (4 * total * total)).squareRoot()
    // At the ends the sums are 0 and 1 but for rounding.
    let low = right == 0 ? 0 : max(0, middle - half)
    let high = right == count ? 1 : min(1, middle + half)
    return low...max(low, high)
  }
}
