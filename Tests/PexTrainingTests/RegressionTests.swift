import Foundation
import PexHeads
import PexTensor
import PexTraining
import Testing

/// Logistic regression that departs from known logits.
@Suite struct RegressionTests {
  private func offsets(_ count: Int, _ classes: Int, seed: UInt64) -> [Float] {
    var generator = SplitMix64(seed: seed)
    return (0..<count * classes).map { _ in generator.normal() }
  }

  private func targets(_ table: FeatureTable, _ classes: Int) -> [Float] {
    table.labels.flatMap { label in (0..<classes).map { $0 == label ? 1 : 0 } }
  }

  /// The penalised loss, by plain loops in double.
  private func loss(
    _ weight: [Float], _ rows: RegressionRows, _ offsets: [Float], _ targets: [Float], _ weights: [Float],
    _ strength: Double, classes: Int
  ) -> Double {
    var sum = strength / 2 * weight.reduce(0) { $0 + Double($1) * Double($1) }
    let logits = rows.logits(weight, Array(0..<rows.count), offsets: offsets, classes: classes)
    for sample in 0..<rows.count {
      let row = logits[sample * classes..<(sample + 1) * classes].map(Double.init)
      let total = log(row.reduce(0) { $0 + exp($1) })
      for index in 0..<classes {
        sum += Double(weights[sample]) * Double(targets[sample * classes + index]) * (total - row[index])
      }
    }
    return sum
  }

  /// Fewer samples than features, and more: at the minimum every step makes the loss larger.
  @Test(arguments: [9, 60], [0.03, 3]) func theLossIsLowestThere(count: Int, strength: Double) throws {
    let table = try clusters(count, spread: 2)
    let rows = try RegressionRows(table)
    #expect(rows.width == (count < 13 ? count : 13))
    let (offsets, targets) = (offsets(count, 3, seed: 5), targets(table, 3))
    let weights = (0..<count).map { Float(1 + $0 % 3) }
    let regression = LogisticRegression(
      rows, Array(0..<count), offsets: offsets, targets: targets, weights: weights, moving: [true, true, true])
    let zeros = [Float](repeating: 0, count: 3 * rows.width)
    let found = try regression.layer(strength: strength, from: zeros).weight
    func value(_ weight: [Float]) -> Double {
      loss(weight, rows, offsets, targets, weights, strength, classes: 3)
    }
    let lowest = value(found)
    #expect(lowest < value(zeros))
    for index in found.indices {
      for step: Float in [-0.1, 0.1] {
        var moved = found
        moved[index] += step
        #expect(value(moved) > lowest, "number \(index)")
      }
    }
  }

  /// Rotated or not, a layer on rows is one on raw features: the same logits but for rounding.
  @Test(arguments: [9, 60]) func layersAreTakenBackToRawFeatures(count: Int) throws {
    let table = try clusters(count)
    let rows = try RegressionRows(table)
    let regression = LogisticRegression(
      rows, Array(0..<count), offsets: [Float](repeating: 0, count: 3 * count), targets: targets(table, 3),
      weights: [Float](repeating: 1, count: count), moving: [true, true, true])
    let weight = try regression.layer(strength: 0.1, from: [Float](repeating: 0, count: 3 * rows.width)).weight
    let raw = rows.layer(weight, classes: 3)
    let head = try Head(
      linear(), parameters: [Tensor([3, 12], raw.weight), Tensor([3], raw.bias)])
    let zeros = [Float](repeating: 0, count: 3 * count)
    let expected = rows.logits(weight, Array(0..<count), offsets: zeros, classes: 3)
    let largest = expected.reduce(0) { max($0, abs($1)) }
    for row in 0..<count {
      for (index, value) in try head.logits(features: Array(table.row(row))).enumerated() {
        #expect(abs(value - expected[3 * row + index]) < 2e-3 * largest)
      }
    }
  }

  @Test func rowsThatDoNotMoveStayZero() throws {
    let table = try clusters(30)
    let rows = try RegressionRows(table)
    let regression = LogisticRegression(
      rows, Array(0..<30), offsets: offsets(30, 3, seed: 2), targets: targets(table, 3),
      weights: [Float](repeating: 1, count: 30), moving: [false, false, true])
    let weight = try regression.layer(strength: 0.1, from: [Float](repeating: 0, count: 3 * rows.width)).weight
    #expect(weight.prefix(2 * rows.width).allSatisfy { $0 == 0 })
    #expect(weight.suffix(rows.width).contains { $0 != 0 })
  }
}
