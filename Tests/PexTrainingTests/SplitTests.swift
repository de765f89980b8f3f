import PexTensor
import PexTraining
import Testing

@Suite struct SplitTests {
  @Test func everyClassGivesItsShare() throws {
    let labels: [Int?] = (0..<100).map { $0 % 10 == 0 ? nil : $0 % 3 }
    let split = try Split.stratified(labels: labels, fraction: 0.2, seed: 4)
    #expect(split.validation.count == 18)
    for label in 0..<3 { #expect(split.validation.count { labels[$0] == label } == 6) }
    #expect(Set(split.training + split.validation) == Set(labels.indices.filter { labels[$0] != nil }))
    #expect(split.training == split.training.sorted())
    #expect(split == (try Split.stratified(labels: labels, fraction: 0.2, seed: 4)))
    #expect(split != (try Split.stratified(labels: labels, fraction: 0.2, seed: 5)))
  }

  @Test func classesOfOneSampleStayInTraining() throws {
    let labels: [Int?] = Array(repeating: 0, count: 9) + [1, 2]
    let split = try Split.stratified(labels: labels, fraction: 0.5)
    #expect(split.training.contains(9) && split.training.contains(10))
    #expect(split.validation.count == 5)
  }

  @Test func tooFewSamplesAreNotSplit() throws {
    #expect(try Split.stratified(labels: [0, 1, 2, 0, 1]).validation.isEmpty)
    #expect(try Split.stratified(labels: [0, 0, 1, 1], fraction: 0.25).validation.count == 1)
    #expect(kind { try Split.stratified(labels: [0, 1], fraction: 0.7) } == .usage)
  }

  @Test func partsOfACrossFittedSplitAreEven() throws {
    let labels: [Int?] = (0..<103).map { $0 % 10 == 0 ? nil : $0 % 3 }
    let split = try Split.stratified(labels: labels, seed: 4)
    #expect(split.parts == [split.validation] && !split.isCrossFitted)
    let crossed = try split.crossFitted(labels: labels, seed: 4)
    #expect(crossed.isCrossFitted && crossed.parts.count == 5 && crossed.parts[0] == split.validation)
    #expect(crossed.training == split.training && crossed.validation == split.validation)
    #expect(crossed.held.sorted() == labels.indices.filter { labels[$0] != nil })
    for (part, samples) in crossed.parts.enumerated() {
      #expect((18...19).contains(samples.count))
      for label in 0..<3 { #expect((5...8).contains(samples.count { labels[$0] == label })) }
      #expect(Set(crossed.rest(of: part)) == Set(crossed.held).subtracting(samples))
      #expect(crossed.rest(of: part) == crossed.rest(of: part).sorted())
    }
    #expect(crossed == (try split.crossFitted(labels: labels, seed: 4)))
    #expect(crossed != (try split.crossFitted(labels: labels, seed: 5)))
  }

  /// Whoever answers a sample has seen its class.
  @Test func noPartHoldsAllOfAClass() throws {
    let labels: [Int?] = Array(repeating: 0, count: 12) + [1, 2, 2, 3, 3, 3]
    for seed in 0..<20 as Range<UInt64> {
      let split = try Split.stratified(labels: labels, seed: seed).crossFitted(labels: labels, seed: seed)
      #expect(split.held.sorted() == labels.indices.filter { $0 != 12 })
      for (part, samples) in split.parts.enumerated() {
        let known = Set(split.rest(of: part).map { labels[$0] })
        #expect(samples.allSatisfy { known.contains(labels[$0]) })
      }
    }
    let none = try Split.stratified(labels: [0, 1, 2, 0, 1])
    #expect(try none.crossFitted(labels: [0, 1, 2, 0, 1]).parts.isEmpty)
  }
}
