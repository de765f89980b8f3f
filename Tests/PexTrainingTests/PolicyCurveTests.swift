import PexTensor
import PexTraining
import Testing

@Suite struct PolicyCurveTests {
  private func predictions(_ classes: [Int], _ confidences: [Float]) throws -> Predictions {
    try Predictions(classes: classes, confidences: confidences)
  }

  /// The early exit is right on the samples that it is sure of; the last is right on all but one of these.
  @Test func everyThresholdIsWorkedOut() throws {
    let early = try predictions([0, 0, 0, 0], [0.9, 0.7, 0.5, 0.5])
    let last = try predictions([1, 0, 1, 1], [1, 1, 1, 1])
    let curve = try PolicyCurve(exits: [early, last], labels: [0, 0, 1, 1], costs: [0.25, 1])
    #expect(curve.points.map(\.threshold) == [0.5, 0.7, 0.9, nil])
    #expect(curve.points.map(\.outcome.meanCost) == [0.25, 0.625, 0.8125, 1])
    #expect(curve.points.map(\.outcome.accuracy) == [0.5, 1, 1, 0.75])
    #expect(curve.points.map { $0.outcome.exitShares[0] } == [1, 0.5, 0.25, 0])
  }

  @Test func manyConfidencesAreThinnedBetweenTheirEnds() throws {
    var generator = SplitMix64(seed: 4)
    let confidences = (0..<3000).map { _ in Float(generator.uniform()) }
    let early = try predictions(confidences.map { _ in 0 }, confidences)
    let curve = try PolicyCurve(exits: [early, early], labels: confidences.map { _ in 0 }, costs: [0.1, 1])
    #expect(curve.points.count == PolicyCurve.mostPoints)
    #expect(curve.points.first?.outcome.meanCost ?? 1 < 0.1001 && curve.points.last?.outcome.meanCost == 1)
    let costs = curve.points.map(\.outcome.meanCost)
    #expect(costs == costs.sorted())
    #expect(zip(costs, costs.dropFirst()).allSatisfy { $1 - $0 < 0.02 })
  }

  @Test func oneExitIsOnePoint() throws {
    let curve = try PolicyCurve(exits: [predictions([1], [0.5])], labels: [1], costs: [1])
    #expect(curve.points.map(\.threshold) == [nil] && curve.points[0].outcome.accuracy == 1)
    #expect(kind { try PolicyCurve(exits: [], labels: [], costs: []) } == .defect)
    #expect(kind { try PolicyCurve(exits: [predictions([1], [0.5])], labels: [], costs: [1]) } == .defect)
  }
}
