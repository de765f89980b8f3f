import Foundation
import PexTensor
import PexTraining
import Testing

@Suite struct CalibrationTests {
  /// Logits whose softmax at temperature one is the distribution that labels are drawn from, times `scale`.
  private func drawn(_ count: Int, scale: Float) throws -> (LogitTable, [Int]) {
    var generator = SplitMix64(seed: 2)
    var (values, labels): ([Float], [Int]) = ([], [])
    for _ in 0..<count {
      let row = (0..<4).map { _ in 2 * generator.normal() }
      let masses = row.map { exp($0) }
      var point = generator.uniform() * masses.reduce(0, +)
      var label = 0
      while label < 3, point >= masses[label] {
        point -= masses[label]
        label += 1
      }
      values += row.map { scale * $0 }
      labels.append(label)
    }
    return (try LogitTable(classes: 4, values: values), labels)
  }

  @Test(arguments: [0.25, 1, 3] as [Float])
  func findsTheTemperatureThatLogitsWereScaledBy(scale: Float) throws {
    let (logits, labels) = try drawn(6000, scale: scale)
    let temperature = try Calibration.temperature(logits, labels: labels)
    #expect(abs(temperature / scale - 1) < 0.06)
    let here = try logits.loss(labels, temperature: Double(temperature))
    for other in [0.97, 1.03] {
      #expect(try logits.loss(labels, temperature: Double(temperature) * other) > here)
    }
  }

  @Test func fewSamplesKeepTheTemperatureGiven() throws {
    let (logits, labels) = try drawn(49, scale: 3)
    #expect(try Calibration.temperature(logits, labels: labels, fallback: 1.75) == 1.75)
    let (more, moreLabels) = try drawn(50, scale: 3)
    #expect(try Calibration.temperature(more, labels: moreLabels, fallback: 1.75) > 1.8)
  }

  @Test func perfectAnswersOfFewSamplesDoNotRunAway() throws {
    let values = (0..<50).flatMap { sample in (0..<2).map { Float($0 == sample % 2 ? 3 : 0) } }
    let logits = try LogitTable(classes: 2, values: values)
    let temperature = try Calibration.temperature(logits, labels: (0..<50).map { $0 % 2 })
    #expect(temperature > 0.3 && temperature < 1)
  }

  @Test func badLogitsAreErrors() throws {
    #expect(kind { try LogitTable(classes: 2, values: [0, .nan]) } == .malformed)
    #expect(kind { try LogitTable(classes: 2, values: [0]) } == .defect)
    let logits = try LogitTable(classes: 2, values: [0, 1])
    #expect(kind { try logits.loss([2]) } == .malformed)
    #expect(kind { try logits.loss([]) } == .defect)
  }

  @Test func firstOfEqualLogitsIsTheAnswer() throws {
    let predictions = Predictions(try LogitTable(classes: 3, values: [1, 1, 0, 0, 5, 5]))
    #expect(predictions.classes == [0, 1])
    #expect(abs(predictions.confidences[1] - 0.4983) < 1e-3)
    #expect(try predictions.accuracy([0, 2]) == 0.5)
    #expect(try !predictions.beatChance([0, 2]))
  }
}
