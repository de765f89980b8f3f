import Foundation
import PexTensor

extension Predictions {
  /// Bins that ``expectedCalibrationError(_:)`` sorts confidences into.
  public static let calibrationBins = 15

  /// How far confidences are from what they promise, 0 to 1; 0 without samples.
  ///
  /// The expected calibration error of Guo et al. 2017 (arXiv 1706.04599): confidences fall into 15 bins of equal width,
  /// `((m - 1) / 15, m / 15]`, 0 into the first; in every bin the share of right answers is held against the mean
  /// confidence, and the distances are averaged, each bin weighed by its samples. It is biased upwards on few samples.
  ///
  /// - Throws: ``PexError`` (defect) when there are not as many labels as samples.
  public func expectedCalibrationError(_ labels: [Int]) throws -> Double {
    guard labels.count == count else { throw PexError(.defect, "\(labels.count) labels for \(count) samples") }
    guard count > 0 else { return 0 }
    // A bin's samples times the distance of its two means is the distance of its two sums.
    var gaps = [Double](repeating: 0, count: Self.calibrationBins)
    for (sample, label) in labels.enumerated() {
      let confidence = Double(confidences[sample])
      let bin = Int((confidence * Double(gaps.count)).rounded(.up)) - 1
      gaps[min(max(bin, 0), gaps.count - 1)] += (classes[sample] == label ? 1 : 0) - confidence
    }
    return gaps.reduce(0) { $0 + abs($1) } / Double(count)
  }
}
