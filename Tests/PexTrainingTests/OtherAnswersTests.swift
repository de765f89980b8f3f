import Foundation
import PexTensor
import PexTraining
import Testing

/// How many other answers are to be expected above a threshold.
@Suite struct OtherAnswersTests {
  private func samples(_ count: Int, seed: UInt64, other: (Float) -> Float) -> (confidences: [Float], isOther: [Bool]) {
    var generator = SplitMix64(seed: seed)
    let confidences = (0..<count).map { _ in 0.3 + 0.7 * Float(generator.uniform()) }
    return (confidences, confidences.map { Float(generator.uniform()) < other($0) })
  }

  /// With nothing to learn from, a sureness is taken at its word.
  @Test func withoutSamplesItIsTheRest() {
    let none = OtherAnswers([], isOther: [])
    for confidence: Float in [0.2, 0.5, 0.9, 0.99] {
      #expect(abs(none.probability(confidence) - Double(1 - confidence)) < 1e-6)
    }
    #expect(none.probability(1) < 1e-3 && none.probability(0) > 0.99)
    let exit = OtherAnswers([0.999, 0.999], isOther: [false, false])
    #expect(exit.probability(0.9) < 0.12 && exit.probability(0.9) > 0.05)
  }

  /// An exit that is too sure of itself is seen through, and one that is too modest is believed more: curves of its own kind
  /// are found again.
  @Test(arguments: [(1.0, -1.0, 1), (-1.2, -0.8, 2), (0.5, -2.0, 3)] as [(Double, Double, UInt64)])
  func samplesMoveIt(intercept: Double, slope: Double, seed: UInt64) {
    func truth(_ confidence: Float) -> Double {
      let odds = Double(confidence) / Double(1 - confidence)
      return 1 / (1 + exp(-intercept - slope * log(odds)))
    }
    let (confidences, isOther) = samples(20_000, seed: seed) { Float(truth($0)) }
    let fitted = OtherAnswers(confidences, isOther: isOther)
    for confidence: Float in [0.6, 0.8, 0.9] {
      let expected = truth(confidence)
      #expect(abs(fitted.probability(confidence) - expected) < 0.1 * expected, "at \(confidence)")
    }
  }

  /// Luck at the top does not last: of fifty sure samples none is answered otherwise, of the others every second one.
  @Test func luckIsNotBelieved() {
    let confidences = (0..<100).map { Float($0 < 50 ? 0.85 : 0.6) }
    let fitted = OtherAnswers(confidences, isOther: (0..<100).map { $0 >= 50 && $0 % 2 == 0 })
    #expect(fitted.probability(0.85) > 0.01 && fitted.probability(0.85) < 0.15)
    #expect(fitted.probability(0.99) < fitted.probability(0.85))
  }

  /// Surer is never worse, even where samples say so; and nothing is lost in extremes.
  @Test func itNeverRises() {
    let backwards = OtherAnswers([0.1, 0.2, 0.9, 0.95, 1, 1], isOther: [false, false, true, true, true, true])
    #expect(backwards.probability(0.99) <= backwards.probability(0.1))
    let all = OtherAnswers([Float](repeating: 1, count: 500), isOther: [Bool](repeating: true, count: 500))
    #expect(all.probability(1).isFinite && all.probability(1) > 0.5)
  }
}
