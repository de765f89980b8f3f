import Foundation

/// Temperature scaling (Guo et al. 2017, arXiv 1706.04599): one number a head makes its probabilities mean what they say.
public enum Calibration {
  /// Fewer held-out samples than this say less about a temperature than the base head does.
  public static let fewestSamples = 50
  /// The temperatures that are considered.
  public static let range = 0.05...20.0

  /// The temperature with the lowest cross-entropy on held-out logits plus `log²(T / fallback) / 2` in all.
  ///
  /// The second term (a log-normal prior of one unit) is the weight of a fraction of one sample; it keeps a few samples that
  /// are all answered right from calling for the lowest temperature there is. A scan finds the valley,
  /// golden-section search its bottom to a part in ten thousand.
  ///
  /// - Parameters:
  ///   - logits: of samples that did not train the head: on training samples the result is useless.
  ///   - labels: one a sample.
  ///   - fallback: the answer below `fewest` samples: the base head's temperature if there is one. Positive.
  ///   - fewest: with fewer samples the fallback is closer.
  /// - Throws: ``PexError``: defect when there are not as many labels as rows, malformed when a label is no class.
  public static func temperature(_ logits: LogitTable, labels: [Int], fallback: Float = 1, fewest: Int = fewestSamples)
    throws -> Float
  {
    guard logits.count >= fewest else { return fallback }
    let prior = log(Double(fallback))
    func cost(_ logarithm: Double) throws -> Double {
      let distance = logarithm - prior
      return try Double(logits.count) * logits.loss(labels, temperature: exp(logarithm)) + distance * distance / 2
    }
    let (low, high) = (log(range.lowerBound), log(range.upperBound))
    let step = (high - low) / 12
    let scan = try (0...12).map { try cost(low + Double($0) * step) }
    let valley = low + Double(scan.indices.min { scan[$0] < scan[$1] } ?? 0) * step
    return Float(exp(try minimum(max(low, valley - step), min(high, valley + step), cost)))
  }

  /// Golden-section search (Kiefer 1953) for the minimum of a function with one valley.
  private static func minimum(
    _ low: Double, _ high: Double, _ cost: (Double) throws -> Double
  ) rethrows -> Double {
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (low, high)
    var (left, right) = (high - ratio * (high - low), low + ratio * (high - low))
    var (leftCost, rightCost) = (try cost(left), try cost(right))
    while high - low > 1e-4 {
      if leftCost <= rightCost {
        (high, right, rightCost) = (right, left, leftCost)
        left = high - ratio * (high - low)
        leftCost = try cost(left)
      } else {
        (low, left, leftCost) = (left, right, rightCost)
        right = low + ratio * (high - low)
        rightCost = try cost(right)
      }
    }
    return (low + high) / 2
  }
}
