import PexHeads
import PexTensor
import PexTraining
import Testing

/// Statistics of samples against what their definitions give, computed straight.
@Suite struct FeatureStatisticsTests {
  /// Random samples of correlated features, some of which do not move at all.
  private func table(_ seed: UInt64, samples: Int, width: Int, classes: Int) throws -> (FeatureTable, [Int]) {
    var random = SplitMix64(seed: seed)
    let mixing = (0..<width * width).map { _ in random.normal() }
    var table = try FeatureTable(tap: "exit 1", width: width)
    var labels: [Int] = []
    for _ in 0..<samples {
      let label = Int.random(in: 0..<classes, using: &random)
      let source = (0..<width).map { _ in random.normal() }
      let row = (0..<width).map { index -> Float in
        guard index % 5 != 4 else { return Float(label) }
        let mixed = (0...index).reduce(Float(label)) { $0 + mixing[index * width + $1] * source[$1] }
        return mixed * Float(1 + index % 3)
      }
      try table.append(row, label: label)
      labels.append(label)
    }
    return (table, labels)
  }

  private func rows(_ table: FeatureTable) throws -> [[Double]] {
    try (0..<table.count).map { try table.row($0).map(Double.init) }
  }

  private func mean(_ rows: [[Double]], width: Int) -> [Double] {
    (0..<width).map { index in rows.reduce(0) { $0 + $1[index] } / Double(max(rows.count, 1)) }
  }

  /// `diag(residual) + factorᵀ factor`.
  private func covariance(_ statistics: FeatureStatistics) -> DenseMatrix {
    let (residual, factor, width) = (statistics.residual.floats, statistics.factor.floats, statistics.width)
    return DenseMatrix(width) { row, column in
      (0..<statistics.rank).reduce(row == column ? Double(residual[row]) : 0) {
        $0 + Double(factor[$1 * width + row]) * Double(factor[$1 * width + column])
      }
    }
  }

  private func direct(_ table: FeatureTable, _ labels: [Int], classes: Int) throws -> (
    counts: [Float], means: [[Double]], within: DenseMatrix
  ) {
    let rows = try rows(table)
    let means = (0..<classes).map { number in
      mean(zip(rows, labels).filter { $1 == number }.map(\.0), width: table.width)
    }
    let centred = zip(rows, labels).map { row, label in zip(row, means[label]).map { $0 - $1 } }
    let within = DenseMatrix(table.width) { a, b in
      centred.reduce(0) { $0 + $1[a] * $1[b] } / Double(rows.count)
    }
    return ((0..<classes).map { number in Float(labels.count { $0 == number }) }, means, within)
  }

  /// Sizes of all kinds: fewer samples than features, classes without samples, one sample a class.
  @Test(arguments: 0..<24)
  func theyAreWhatTheSamplesGive(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed) + 500)
    let width = 2 * Int.random(in: 1...12, using: &random)
    let classes = Int.random(in: 1...6, using: &random)
    let samples = seed % 4 == 0 ? Int.random(in: 1...width, using: &random) : Int.random(in: 20...120, using: &random)
    let (table, labels) = try table(UInt64(seed), samples: samples, width: width, classes: classes)
    let statistics = try FeatureStatistics(of: table, labels: labels, classes: classes, unexplained: 0)
    let direct = try direct(table, labels, classes: classes)
    #expect(statistics.counts.floats == direct.counts)
    #expect(relativeDistance(statistics.means.floats, direct.means.flatMap { $0 }) < 1e-6)
    let found = covariance(statistics)
    let largest = (0..<width).map { direct.within[$0, $0] }.max() ?? 0
    let error = zip(found.values, direct.within.values).map { abs($0 - $1) }.max() ?? 0
    #expect(error <= 1e-6 * largest, "\(width) features, \(classes) classes, \(samples) samples")
    // No more rows than directions in which the samples of a class differ.
    #expect(statistics.rank <= min(width, max(0, samples - Set(labels).count)))
  }

  /// More directions than rows: variances are still right, and what the rows cannot say is left out, never added.
  @Test func beyondTheRankVariancesAreKept() throws {
    let (width, samples) = (FeatureStatistics.mostRank + 28, 560)
    var random = SplitMix64(seed: 9)
    var table = try FeatureTable(tap: "exit 1", width: width)
    for _ in 0..<samples { try table.append((0..<width).map { _ in random.normal() }, label: 0) }
    let labels = [Int](repeating: 0, count: samples)
    let statistics = try FeatureStatistics(of: table, labels: labels, classes: 1, unexplained: 0)
    #expect(statistics.rank == FeatureStatistics.mostRank)
    let rows = try rows(table)
    let mean = mean(rows, width: width)
    let (residual, factor) = (statistics.residual.floats, statistics.factor.floats)
    var unexplained = 0
    for index in 0..<width {
      let variance = rows.reduce(0) { $0 + ($1[index] - mean[index]) * ($1[index] - mean[index]) } / Double(samples)
      let found = (0..<statistics.rank).reduce(Double(residual[index])) {
        $0 + Double(factor[$1 * width + index]) * Double(factor[$1 * width + index])
      }
      #expect(abs(found - variance) < 1e-5 * variance)
      if residual[index] > 1e-6 { unexplained += 1 }
    }
    #expect(unexplained == width - FeatureStatistics.mostRank)
  }

  /// What is left out is small everywhere, variances are exact all the same, and there are fewer rows.
  @Test(arguments: 0..<8) func littleOfTheCovarianceIsLeftOut(seed: Int) throws {
    let (width, share) = (24, 0.05)
    let (table, labels) = try table(UInt64(seed) + 70, samples: 200, width: width, classes: 3)
    let whole = try FeatureStatistics(of: table, labels: labels, classes: 3, unexplained: 0)
    let short = try FeatureStatistics(of: table, labels: labels, classes: 3, unexplained: share)
    #expect(short.rank > 0 && short.rank < whole.rank)
    let (exact, found) = (covariance(whole), covariance(short))
    let total = (0..<width).reduce(0.0) { $0 + exact[$1, $1] }
    // No element of a positive semidefinite matrix is larger than its trace.
    #expect((zip(found.values, exact.values).map { abs($0 - $1) }.max() ?? 1) <= share * total * (1 + 1e-5))
    for index in 0..<width { #expect(abs(found[index, index] - exact[index, index]) <= 1e-6 * total) }
    #expect(short.residual.floats.reduce(0) { $0 + Double($1) } <= share * total * (1 + 1e-5))
  }

  @Test func samplesThatDoNotDifferHaveNoRows() throws {
    var table = try FeatureTable(tap: "exit 1", width: 4)
    for label in [0, 1, 1, 0] { try table.append([Float(label), 2, 3, 4], label: label) }
    let statistics = try FeatureStatistics(of: table, labels: [0, 1, 1, 0], classes: 2)
    #expect(statistics.rank == 0 && statistics.residual.floats == [0, 0, 0, 0])
    #expect(statistics.means.floats == [0, 2, 3, 4, 1, 2, 3, 4])
  }

  @Test func whatHasNoStatistics() throws {
    let (table, labels) = try table(1, samples: 6, width: 4, classes: 2)
    #expect(kind { try FeatureStatistics(of: table, labels: Array(labels.dropLast()), classes: 2) } == .defect)
    #expect(kind { try FeatureStatistics(of: table, labels: labels, classes: 1) } == .malformed)
    #expect(
      kind { try FeatureStatistics(of: FeatureTable(tap: "exit 1", width: 4), labels: [], classes: 2) } == .defect)
  }

  /// The moments of a mixture: drawing a class by its share and then a sample of it.
  @Test(arguments: 0..<8)
  func spreadIsThatOfAMixture(seed: Int) throws {
    let (width, classes) = (8, 4)
    let (table, labels) = try table(UInt64(seed) + 40, samples: 60, width: width, classes: classes)
    let statistics = try FeatureStatistics(of: table, labels: labels, classes: classes)
    var random = SplitMix64(seed: UInt64(seed))
    let raw = (0..<classes).map { _ in random.uniform() < 0.3 ? 0 : random.uniform() + 0.01 }
    let total = max(raw.reduce(0, +), 0.01)
    let shares = raw.map { Float($0 / total) }
    let direct = try direct(table, labels, classes: classes)
    let spread = statistics.spread(shares)
    // E[x] and E[x²] - E[x]², class by class.
    let mean = (0..<width).map { index in
      zip(shares, direct.means).reduce(0) { $0 + Double($1.0) * $1.1[index] }
    }
    let deviation = (0..<width).map { index -> Double in
      let square = zip(shares, direct.means).reduce(0) {
        $0 + Double($1.0) * ($1.1[index] * $1.1[index] + direct.within[index, index])
      }
      return max(0, square - mean[index] * mean[index]).squareRoot()
    }
    #expect(relativeDistance(spread.mean, mean) < 1e-5)
    #expect(relativeDistance(spread.deviation, deviation) < 1e-4)
  }
}
