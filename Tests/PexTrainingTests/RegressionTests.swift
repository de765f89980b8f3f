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
  @Test(arguments: [9, 60], [nil, 6]) func layersAreTakenBackToRawFeatures(count: Int, averages: Int?) throws {
    let table = try clusters(count)
    let rows = try RegressionRows(table, averages: averages)
    let regression = LogisticRegression(
      rows, Array(0..<count), offsets: [Float](repeating: 0, count: 3 * count), targets: targets(table, 3),
      weights: [Float](repeating: 1, count: count), moving: [true, true, true])
    let weight = try regression.layer(strength: 0.1, from: [Float](repeating: 0, count: 3 * rows.width)).weight
    let raw = rows.layer(weight, classes: 3)
    // What is left out has no weight, and what is read has some.
    for index in raw.weight.indices { #expect((raw.weight[index] == 0) == (index % 12 >= averages ?? 12)) }
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

  /// Averages keep their own proportions: rows lie as far apart as the raw averages do, all by one factor.
  @Test func averagesKeepTheirProportions() throws {
    let table = try clusters(40)
    let rows = try RegressionRows(table, averages: 6)
    func distance(_ row: (Int) throws -> [Float], _ one: Int, _ other: Int) throws -> Double {
      try zip(row(one), row(other)).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
    }
    let zeros = [Float](repeating: 0, count: 40 * 13)
    // The identity shows the rows themselves.
    let identity = (0..<13 * 13).map { $0 / 13 == $0 % 13 ? Float(1) : 0 }
    let all = rows.logits(identity, Array(0..<40), offsets: zeros, classes: 13)
    let factors = try (1..<40).map { other in
      try distance({ Array(all[13 * $0..<13 * $0 + 13]) }, 0, other)
        / distance({ Array(try table.row($0).prefix(6)) }, 0, other)
    }
    let mean = factors.reduce(0, +) / 39
    #expect(mean > 0 && factors.allSatisfy { abs($0 - mean) < 1e-4 * mean })
    // A length of one on average, the constant not counted.
    let square = (0..<40).reduce(0.0) { sum, row in
      sum + all[13 * row..<13 * row + 12].reduce(0) { $0 + Double($1) * Double($1) }
    }
    #expect(abs(square / 40 - 1) < 1e-3)
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
