import PexTraining

/// How often answers of some probability are right: the bins of a reliability diagram (DeGroot and Fienberg 1983; Guo et al.
/// 2017, arXiv 1706.04599), of which the expected calibration error is the mean distance.
public struct Reliability: Hashable, Sendable {
  /// Answers whose probabilities lie close together.
  public struct Bin: Hashable, Sendable {
    /// How many; at least 1.
    public let count: Int
    /// Their mean probability, 0 to 1.
    public let confidence: Double
    /// The share of them that is right, 0 to 1.
    public let accuracy: Double
    /// The 95 % interval of that share.
    public let interval: ClosedRange<Double>
  }

  /// The bins that hold answers, rising: `Predictions.calibrationBins` of equal width, `((m - 1) / n, m / n]`.
  public let bins: [Bin]

  /// Sorts answers into bins.
  /// - Parameters:
  ///   - isRight: whether each answer is right.
  ///   - skips: the number that stands for no answer, whose probability means nothing; nil: there is none.
  public init(_ predictions: Predictions, isRight: [Bool], skips: Int? = nil) {
    let count = Predictions.calibrationBins
    var (counts, sums) = ([Int](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var rights = counts
    for (sample, isRight) in zip(predictions.classes.indices, isRight) where predictions.classes[sample] != skips {
      let confidence = Double(predictions.confidences[sample])
      let bin = min(max(Int((confidence * Double(count)).rounded(.up)) - 1, 0), count - 1)
      counts[bin] += 1
      sums[bin] += confidence
      if isRight { rights[bin] += 1 }
    }
    bins = (0..<count).filter { counts[$0] > 0 }.map { bin in
      let total = Double(counts[bin])
      return Bin(
        count: counts[bin], confidence: sums[bin] / total, accuracy: Double(rights[bin]) / total,
        interval: ProportionInterval.wilson(rights[bin], of: counts[bin]))
    }
  }
}
