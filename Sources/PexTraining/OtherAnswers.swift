import Foundation

/// How probable it is that an exit answers otherwise than the last resort, given how sure it is.
///
/// Of a hundred samples none may be answered otherwise by luck, and whoever chooses among many thresholds finds that luck. So what
/// was counted above a threshold is not trusted alone: a logistic curve over all samples, sure ones and others, says what to
/// expect there (Platt 1999). It begins as `1 - confidence`, which is right for a calibrated exit in front of a last
/// resort that never errs, and moves from there as far as samples bear it out.
package struct OtherAnswers {
  /// Of `log(confidence / (1 - confidence))`.
  private var intercept = 0.0
  private var slope = -1.0

  /// Of the normal prior of both numbers.
  private static let precision = 1.0
  private static let steps = 20

  /// - Parameters:
  ///   - confidences: of the exit, one a sample.
  ///   - isOther: whether it answers each sample otherwise.
  package init(_ confidences: [Float], isOther: [Bool]) {
    let places = confidences.map(Self.place)
    for _ in 0..<Self.steps {
      var gradient = (Self.precision * intercept, Self.precision * (slope + 1))
      var curvature = (Self.precision, 0.0, Self.precision)
      for (place, other) in zip(places, isOther) {
        let expected = Self.sigmoid(intercept + slope * place)
        let (error, weight) = (expected - (other ? 1 : 0), expected * (1 - expected))
        gradient = (gradient.0 + error, gradient.1 + error * place)
        curvature = (curvature.0 + weight, curvature.1 + weight * place, curvature.2 + weight * place * place)
      }
      let determinant = curvature.0 * curvature.2 - curvature.1 * curvature.1
      let step = (
        (curvature.2 * gradient.0 - curvature.1 * gradient.1) / determinant,
        (curvature.0 * gradient.1 - curvature.1 * gradient.0) / determinant
      )
      // Newton's step, shortened where it would leave the neighbourhood that the curve is known in.
      let length = max(abs(step.0), abs(step.1))
      guard length.isFinite, length > 1e-9 else { break }
      let factor = min(1, 1 / length)
      (intercept, slope) = (intercept - factor * step.0, slope - factor * step.1)
    }
    // Being surer is never a reason to expect more other answers.
    slope = min(slope, 0)
  }

  /// The probability of another answer, 0 to 1.
  package func probability(_ confidence: Float) -> Double { Self.sigmoid(intercept + slope * Self.place(confidence)) }

  private static func place(_ confidence: Float) -> Double {
    let share = min(max(Double(confidence), 1e-4), 1 - 1e-4)
    return log(share / (1 - share))
  }

  private static func sigmoid(_ value: Double) -> Double { 1 / (1 + exp(-value)) }
}
