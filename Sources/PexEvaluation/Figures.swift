import PexTraining

/// What the answers of an exit or a rule come to.
public struct Figures: Sendable {
  /// Share of samples answered right, 0 to 1.
  public let accuracy: Double
  /// Its 95 % interval, by Wilson's score.
  public let interval: ClosedRange<Double>
  /// How far probabilities are from what they promise; see `Predictions.expectedCalibrationError`.
  public let calibrationError: Double
  /// Mean share of the model's multiply-accumulates, heads on the way included.
  public let fraction: Double
  /// Mean time of a sample.
  public let time: TimeEstimate
  /// What was not answered, and what should not have been.
  public let rejection: Rejection
  /// Share of the samples that are not rejected which are answered right; nil when all are rejected.
  public let acceptedAccuracy: Double?
  /// The answers, as numbers of ``Evaluation/classNames``, with their probabilities.
  public let predictions: Predictions
  /// Whether each sample was answered right.
  public let isRight: [Bool]

  init(_ tally: Tally, _ labels: [Int], fraction: Double, time: TimeEstimate) throws {
    predictions = try tally.predictions()
    accuracy = try predictions.accuracy(labels)
    calibrationError = try predictions.expectedCalibrationError(labels)
    isRight = zip(predictions.classes, labels).map { $0 == $1 }
    interval = ProportionInterval.wilson(isRight.count { $0 }, of: labels.count)
    rejection = tally.rejection
    let accepted = labels.count - rejection.rejected
    acceptedAccuracy = accepted > 0 ? accuracy * Double(labels.count) / Double(accepted) : nil
    (self.fraction, self.time) = (fraction, time)
  }
}
