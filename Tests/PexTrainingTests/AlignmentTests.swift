import PexHeads
import PexTensor
import PexTraining
import Testing

/// A person's features brought to where general ones lie.
@Suite struct AlignmentTests {
  private func statistics(_ seed: UInt64 = 1) throws -> FeatureStatistics {
    let table = try clusters(600, classes: 4, seed: seed)
    return try FeatureStatistics(of: table, labels: table.labels.map { $0 ?? 0 }, classes: 4)
  }

  /// As ``clusters(_:width:classes:spread:seed:centres:)``, every feature moved and stretched.
  private func shifted(_ table: FeatureTable, by offset: Float, _ factor: Float) throws -> FeatureTable {
    var result = try FeatureTable(tap: table.tap, width: table.width)
    for sample in 0..<table.count {
      let row = try table.row(sample).enumerated().map { index, value in factor * value + offset * Float(1 + index) }
      try result.append(row, label: table.labels[sample])
    }
    return result
  }

  @Test(arguments: [(HeadKind.linear, 1), (.multitap, 2)])
  func anAlignedHeadOnRawFeaturesIsTheHeadOnAlignedOnes(kind: HeadKind, taps: Int) throws {
    let statistics = try (1...taps).map { try self.statistics(UInt64($0)) }
    let shares: [Float] = [0.5, 0, 0.25, 0.25]
    let tables = try (1...taps).map { try shifted(clusters(80, classes: 4, seed: 20 + UInt64($0)), by: -2, 0.4) }
    let table = try FeatureTable(joining: tables)
    let specification = try HeadSpecification(
      kind: kind, channels: 6, spatial: [2, 2], classes: 5,
      earlier: taps == 2 ? [EarlierTap(exit: 1, channels: 6)] : [])
    let head = try Head(specification, parameters: Head.random(specification, seed: 4).parameters, temperature: 1.5)
    let alignment = try FeatureAlignment(statistics, table: table, shares: shares)
    let aligned = try #require(try alignment.aligned(head))
    #expect(aligned.temperature == 1.5 && aligned.specification == specification)
    let own = try Standardisation(table, rows: Array(0..<table.count))
    let spread = statistics.map { $0.spread(shares) }
    let (means, deviations) = (spread.flatMap(\.mean), spread.flatMap(\.deviation))
    let (weight, bias) = (try head.parameter("weight").floats, try head.parameter("bias").floats)
    for sample in 0..<table.count {
      let raw = Array(try table.row(sample))
      let moved = raw.indices.map { index -> Double in
        let standard = (Double(raw[index]) - Double(own.mean[index])) / Double(own.deviation[index])
        return standard * Double(deviations[index]) + Double(means[index])
      }
      let expected = bias.indices.map { row in
        moved.indices.reduce(Double(bias[row])) { $0 + Double(weight[row * moved.count + $1]) * moved[$1] }
      }
      #expect(relativeDistance(try aligned.logits(features: raw), expected) < 1e-4)
    }
  }

  @Test func samplesOfTheStatisticsAreNotShifted() throws {
    let statistics = try statistics()
    let shares = [Float](repeating: 0.25, count: 4)
    for seed in 40..<60 as Range<UInt64> {
      let alignment = try FeatureAlignment([statistics], table: clusters(80, classes: 4, seed: seed), shares: shares)
      #expect(abs(alignment.shift) < 0.05 && !alignment.isShifted, "seed \(seed): \(alignment.shift)")
    }
  }

  /// The person meets two of the classes: told so, nothing is shifted; told otherwise, much is.
  @Test func sharesOfTheClassesCount() throws {
    let statistics = try statistics()
    var two = try FeatureTable(tap: "exit 1", width: 12)
    let all = try clusters(200, classes: 4, seed: 61)
    for sample in 0..<all.count where all.labels[sample] ?? 9 < 2 {
      try two.append(Array(all.row(sample)), label: all.labels[sample])
    }
    #expect(try abs(FeatureAlignment([statistics], table: two, shares: [0.5, 0.5, 0, 0]).shift) < 0.05)
    #expect(try FeatureAlignment([statistics], table: two, shares: [0, 0, 0.5, 0.5]).isShifted)
  }

  @Test(arguments: [(1.5, 1), (-1.5, 1), (0, 0.5), (0, 2), (-2, 0.4)] as [(Float, Float)])
  func movedFeaturesAreShifted(offset: Float, factor: Float) throws {
    let table = try shifted(clusters(80, classes: 4, seed: 70), by: offset, factor)
    let alignment = try FeatureAlignment([statistics()], table: table, shares: [Float](repeating: 0.25, count: 4))
    #expect(alignment.shift > 3 * FeatureAlignment.shiftLimit && alignment.isShifted, "\(alignment.shift)")
  }

  /// The mean of squared distances, by its definition.
  @Test func shiftIsWhatItSays() throws {
    let statistics = try statistics()
    let shares: [Float] = [0.25, 0.25, 0.25, 0.25]
    let table = try shifted(clusters(40, classes: 4, seed: 71), by: 0.5, 1)
    let spread = statistics.spread(shares)
    let distances = try (0..<12).map { index -> Double in
      let mean = try (0..<40).reduce(0.0) { $0 + Double(Array(try table.row($1))[index]) } / 40
      return (mean - Double(spread.mean[index])) / Double(spread.deviation[index])
    }
    let expected = product(distances, distances) / 12 - 1 / 40
    #expect(abs(try FeatureAlignment([statistics], table: table, shares: shares).shift - expected) < 1e-4)
  }

  @Test func whatCannotBeAligned() throws {
    let (statistics, table) = (try statistics(), try clusters(8, classes: 4))
    let shares = [Float](repeating: 0.25, count: 4)
    #expect(kind { try FeatureAlignment([], table: table, shares: shares) } == .defect)
    #expect(kind { try FeatureAlignment([statistics, statistics], table: table, shares: shares) } == .defect)
    #expect(kind { try FeatureAlignment([statistics], table: table, shares: [0.5, 0.5]) } == .defect)
    let nothing = try FeatureTable(tap: "exit 1", width: 12)
    #expect(kind { try FeatureAlignment([statistics], table: nothing, shares: shares) } == .malformed)
    let alignment = try FeatureAlignment([statistics], table: table, shares: shares)
    for other in [HeadKind.conv, .prototype] {
      let specification = try HeadSpecification(kind: other, channels: 6, spatial: [2, 2], classes: 3)
      #expect(try alignment.aligned(Head.random(specification, seed: 1)) == nil)
    }
    #expect(kind { try alignment.aligned(Head.random(linear(width: 10), seed: 1)) } == .defect)
  }
}
