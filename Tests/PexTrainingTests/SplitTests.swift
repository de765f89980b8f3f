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
}
