import Foundation
import PexEvaluation
import PexTraining
import Testing

@Suite struct StatisticsTests {
  /// Values that a program in another language computed.
  @Test(arguments: [
    (0, 10, 0.0, 0.277533), (10, 10, 0.722467, 1.0), (5, 10, 0.236593, 0.763407), (81, 263, 0.255289, 0.366210),
    (1, 1, 0.206549, 1.0), (829, 1000, 0.804416, 0.851066),
  ]) func wilson(_ right: Int, _ count: Int, _ low: Double, _ high: Double) {
    let interval = ProportionInterval.wilson(right, of: count)
    #expect(abs(interval.lowerBound - low) < 1e-5 && abs(interval.upperBound - high) < 1e-5, "\(interval)")
  }

  @Test func nothingIsKnownWithoutSamples() { #expect(ProportionInterval.wilson(0, of: 0) == 0...1) }

  /// The interval's coverage, over all outcomes of a binomial distribution: close to what it promises.
  @Test(arguments: [0.1, 0.3, 0.5, 0.82, 0.97]) func theIntervalHoldsAsOftenAsItSays(_ share: Double) {
    let count = 60
    var (covered, weight) = (0.0, pow(1 - share, Double(count)))
    for right in 0...count {
      if ProportionInterval.wilson(right, of: count).contains(share) { covered += weight }
      weight *= Double(count - right) / Double(right + 1) * share / (1 - share)
    }
    #expect((0.92...0.985).contains(covered), "\(covered)")
  }

  @Test func binsHoldWhatTheErrorIsMadeOf() throws {
    let predictions = try Predictions(classes: [0, 1, 1, 0, 9], confidences: [0.62, 0.64, 1, 0.05, 0])
    let labels = [0, 0, 1, 1, 0]
    let isRight = zip(predictions.classes, labels).map { $0 == $1 }
    let bins = Reliability(predictions, isRight: isRight, skips: 9).bins
    #expect(bins.map(\.count) == [1, 2, 1] && bins.map(\.accuracy) == [0, 0.5, 1])
    #expect(abs(bins[1].confidence - 0.63) < 1e-6 && bins[2].confidence == 1)
    // All bins, the answer that is none included, give the calibration error.
    let all = Reliability(predictions, isRight: isRight).bins
    let error = all.reduce(0) { $0 + Double($1.count) / 5 * abs($1.accuracy - $1.confidence) }
    #expect(try abs(error - predictions.expectedCalibrationError(labels)) < 1e-6)
  }
}
