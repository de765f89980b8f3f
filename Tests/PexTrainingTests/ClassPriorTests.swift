import PexTensor
import PexTraining
import Testing

@Suite struct ClassPriorTests {
  /// Logits of a classifier of `classes` overlapping classes for samples that occur as `counts` says.
  private func logits(_ counts: [Int], noise: Float = 1, seed: UInt64 = 1) throws -> LogitTable {
    var generator = SplitMix64(seed: seed)
    // Class k is a point on its own axis: the logarithm of a Gaussian's density, up to a constant, is linear in x.
    let distance: Float = 2
    var values: [Float] = []
    for (label, count) in counts.enumerated() {
      for _ in 0..<count {
        values += counts.indices.map { index in
          let x = (index == label ? distance : 0) + noise * generator.normal()
          return distance * x / (noise * noise)
        }
      }
    }
    return try LogitTable(classes: counts.count, values: values)
  }

  @Test func findsHowOftenClassesOccur() throws {
    let counts = [0, 120, 0, 60, 0, 0, 240, 0, 0, 60]
    let prior = try ClassPrior(estimating: try logits(counts))
    #expect(abs(prior.shares.reduce(0, +) - 1) < 1e-4)
    for (share, count) in zip(prior.shares, counts) { #expect(abs(share - Float(count) / 480) < 0.05) }
    #expect(prior.classes() == [1, 3, 6, 9])
  }

  @Test func answersImproveByThePrior() throws {
    let counts = [0, 100, 0, 100, 0, 0, 0, 0, 0, 100]
    let labels = counts.enumerated().flatMap { [Int](repeating: $0, count: $1) }
    let plain = try logits(counts)
    let prior = try ClassPrior(estimating: plain)
    let weighed = try LogitTable(classes: 10, values: plain.values, prior: prior.shares)
    #expect(try Predictions(weighed).accuracy(labels) > Predictions(plain).accuracy(labels) + 0.05)
  }

  @Test func logitsThatSayNothingLeaveAllAlike() throws {
    let prior = try ClassPrior(estimating: try LogitTable(classes: 4, values: [Float](repeating: 3, count: 20)))
    for share in prior.shares { #expect(abs(share - 0.25) < 1e-6) }
    #expect(prior.classes() == [0, 1, 2, 3])
  }

  @Test func thereAreAtLeastTwoClasses() throws {
    let one = try LogitTable(classes: 3, values: (0..<10).flatMap { _ in [0, 50, -5] as [Float] })
    #expect(try ClassPrior(estimating: one).classes() == [0, 1])
  }

  @Test func limitingScales() throws {
    let prior = try ClassPrior([1, 2, 1])
    #expect(prior.shares == [0.25, 0.5, 0.25])
    #expect(try prior.limited(to: [2, 1]).shares == [1 / 3, 2 / 3])
    #expect(throws: PexError.self) { try ClassPrior([0, 0]) }
    #expect(throws: PexError.self) { try ClassPrior([1, -1, 2]) }
    #expect(throws: PexError.self) { try ClassPrior([.infinity, 1]) }
    #expect(throws: PexError.self) { try ClassPrior(estimating: try LogitTable(classes: 3, values: [])) }
  }

  /// A class that fills a day counts for twice the second one, and no class is lost by it.
  @Test func oneClassDoesNotTakeAll() throws {
    let day = try ClassPrior([0.02, 0.8, 0.1, 0.08]).evened(atMost: 2).shares
    #expect(abs(day[1] / day[2] - 2) < 1e-5 && abs(day[2] / day[3] - 1.25) < 1e-5 && abs(day.reduce(0, +) - 1) < 1e-6)
    let mild = try ClassPrior([0.5, 0.3, 0.2])
    #expect(try mild.evened(atMost: 2).shares == mild.shares)
    #expect(
      try ClassPrior([1]).evened(atMost: 2).shares == [1] && ClassPrior([1, 0]).evened(atMost: 2).shares == [1, 0])
  }
}
