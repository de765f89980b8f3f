import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct TableTests {
  @Test func numbersThatAreNotFiniteNameSampleAndTap() throws {
    var table = try FeatureTable(tap: "exit 7", width: 2)
    try table.append([1, 2], label: 0)
    for bad in [Float.nan, .infinity] {
      let error = #expect(throws: PexError.self) { try table.append([0, bad], label: 1) }
      #expect(error?.kind == .malformed)
      #expect(error?.message.contains("sample 1") == true && error?.message.contains("exit 7") == true)
    }
    #expect(table.count == 1)
    #expect(kind { try table.append([1], label: 0) } == .defect)
    #expect(kind { try table.append([1, 2], label: -1) } == .malformed)
  }

  @Test func pooledTapsAreWhatALinearHeadReads() throws {
    var taps = try TapTable(tap: "exit 2", channels: 3, spatial: [4, 5])
    var generator = SplitMix64(seed: 1)
    let tap = (0..<60).map { _ in generator.normal() }
    try taps.append(tap, label: 1)
    try taps.append(tap.map { -$0 }, label: nil)
    let head = try Head.random(HeadSpecification(kind: .linear, channels: 3, spatial: [4, 5], classes: 2), seed: 1)
    let pooled = try taps.pooled()
    #expect(pooled.labels == [1, nil])
    #expect(try Array(pooled.row(0)) == (try tap.withUnsafeBufferPointer { try head.features(tap: $0) }))
  }

  @Test func foldedStandardisationIsExactToRounding() throws {
    let table = try clusters(200, width: 30)
    let rows = Array(0..<150)
    let standardisation = try Standardisation(table, rows: rows)
    var generator = SplitMix64(seed: 3)
    let weight = (0..<4 * 30).map { _ in generator.normal() }
    let bias = (0..<4).map { _ in generator.normal() }
    let folded = standardisation.folded(weight: weight, bias: bias)
    let back = standardisation.unfolded(weight: folded.weight, bias: folded.bias)
    for row in 150..<200 {
      let features = try table.row(row).map(Double.init)
      for label in 0..<4 {
        var (standard, raw) = (Double(bias[label]), Double(folded.bias[label]))
        for index in 0..<30 {
          let deviation = Double(standardisation.deviation[index])
          let distance = features[index] - Double(standardisation.mean[index])
          standard += Double(weight[label * 30 + index]) * distance / deviation
          raw += Double(folded.weight[label * 30 + index]) * features[index]
        }
        #expect(abs(standard - raw) < 1e-4)
      }
    }
    #expect(zip(back.weight, weight).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(zip(back.bias, bias).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func constantFeaturesHaveAFloor() throws {
    var table = try FeatureTable(tap: "exit 1", width: 2)
    for value in [1, 3] as [Float] { try table.append([5, value], label: 0) }
    let standardisation = try Standardisation(table, rows: [0, 1])
    #expect(standardisation.mean == [5, 2])
    #expect(standardisation.deviation[1] == 1)
    #expect(abs(standardisation.deviation[0] - 0.01 * Float(0.5).squareRoot()) < 1e-6)
    #expect(kind { try Standardisation(table, rows: []) } == .malformed)
  }
}
