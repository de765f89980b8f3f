import PexTraining
import Testing

/// Cases that are worked out by hand. A right answer has class 0, as all labels have.
@Suite struct CalibrationErrorTests {
  private func error(_ samples: [(confidence: Float, isRight: Bool)]) throws -> Double {
    let predictions = try Predictions(
      classes: samples.map { $0.isRight ? 0 : 1 }, confidences: samples.map(\.confidence))
    return try predictions.expectedCalibrationError(samples.map { _ in 0 })
  }

  @Test func aCertainAndRightAnswerIsCalibrated() throws {
    #expect(try error([(1, true), (1, true)]) == 0)
    #expect(try error([(1, false), (1, false)]) == 1)
    #expect(try error([(0, false)]) == 0)
  }

  @Test func binsAreWeighedByTheirSamples() throws {
    // Bin 15: half right at 0.95; bin 8: all right at 0.5; two samples each.
    let samples: [(Float, Bool)] = [(0.95, true), (0.95, false), (0.5, true), (0.5, true)]
    #expect(abs(try error(samples) - (0.5 * 0.45 + 0.5 * 0.5)) < 1e-6)
    // Three samples in bin 12 (0.8 is its upper end in exact numbers; 0.75 and 0.79 are within), one in bin 5.
    let uneven: [(Float, Bool)] = [(0.75, true), (0.75, false), (0.79, false), (0.3, false)]
    let expected = 0.75 * abs(1.0 / 3 - (0.75 + 0.75 + 0.79) / 3) + 0.25 * 0.3
    #expect(abs(try error(uneven) - expected) < 1e-6)
  }

  @Test func doubtAndRashnessCancelWithinABinAlone() throws {
    // One bin: two of three right at a mean of two thirds is calibrated, whichever of them are.
    let within: [(Float, Bool)] = [(0.64, true), (0.66, false), (0.66, true)]
    #expect(abs(try error(within) - abs(2 - 1.96) / 3) < 1e-6)
    // Two bins: the same distances do not cancel.
    #expect(abs(try error([(0.9, false), (0.1, true)]) - 0.9) < 1e-6)
  }

  /// The upper end of a bin belongs to it: 0.4 is the end of bin 6 in binary, too, once it is a bit less.
  @Test func edgesBelongToTheLowerBin() throws {
    let (edge, above) = (Float(0.4).nextDown, Float(0.41))
    let apart = try error([(edge, true), (above, false)])
    #expect(abs(apart - (0.6 + 0.41) / 2) < 1e-6)
    let together = try error([(Float(0.39), true), (edge, false)])
    #expect(abs(together - abs(0.61 - 0.4) / 2) < 1e-6)
  }

  @Test func noSamplesAndWrongNumbers() throws {
    #expect(try error([]) == 0)
    let one = try Predictions(classes: [0], confidences: [1])
    #expect(kind { try one.expectedCalibrationError([]) } == .defect)
    #expect(kind { try Predictions(classes: [0], confidences: []) } == .defect)
  }
}
