import PexBundle
import PexTensor
import PexTraining
import Testing

/// Which answer a person's policies end in.
@Suite struct LastResortChoiceTests {
  /// Held-out samples of two classes in turn, and what answers them: right but where it is said, as sure as it is said.
  private struct Samples {
    let count: Int

    var labels: [Int] { (0..<count).map { $0 % 2 } }

    func candidate(
      _ lastResort: LastResort, wrong: Set<Int>, margin: (Int) -> Float
    ) throws -> LastResortChoice.Candidate {
      let values = labels.enumerated().flatMap { sample, label -> [Float] in
        let answer = wrong.contains(sample) ? 1 - label : label
        return answer == 0 ? [margin(sample), 0] : [0, margin(sample)]
      }
      return .init(lastResort: lastResort, logits: try LogitTable(classes: 2, values: values))
    }

    func best(
      told: LastResortChoice.Candidate, _ others: [LastResortChoice.Candidate], labelled: Int? = nil
    ) throws -> LastResort {
      let known = labels.enumerated().map { $0 < labelled ?? count ? $1 : nil }
      let targets = DepartureTargets(answers: labels, labels: known, classes: 2, balances: true)
      return try LastResortChoice(targets: targets, held: Array(0..<count)).best(told: told, others).lastResort
    }
  }

  private let samples = Samples(count: 200)
  private let head = LastResort.head(at: 3)

  /// Ten of two hundred wrong against forty: far beyond chance. With nine labels nobody can tell.
  @Test func whatAnswersBetterTakesOver() throws {
    let told = try samples.candidate(.classifierAlone, wrong: Set(0..<40), margin: { _ in 2 })
    let better = try samples.candidate(head, wrong: Set(100..<110), margin: { _ in 2 })
    #expect(try samples.best(told: told, [better]) == head)
    #expect(try samples.best(told: told, [better], labelled: 9) == .classifierAlone)
    #expect(
      try samples.best(told: better, [try samples.candidate(.mean(at: 3), wrong: Set(0..<40), margin: { _ in 2 })])
        == head)
  }

  /// A lower loss with as many wrong is no reason to change: surer where it is right, less sure where it is wrong.
  @Test func whatIsOnlySurerDoesNot() throws {
    let told = try samples.candidate(.classifierAlone, wrong: Set(0..<40), margin: { _ in 1 })
    let wrong = Set(20..<60)
    let surer = try samples.candidate(head, wrong: wrong, margin: { wrong.contains($0) ? 0.1 : 4 })
    #expect(try samples.best(told: told, [surer]) == .classifierAlone)
    // Fewer are wrong: now it is one.
    let righter = Set(20..<30)
    #expect(
      try samples.best(
        told: told, [try samples.candidate(head, wrong: righter, margin: { righter.contains($0) ? 0.1 : 4 })])
        == head)
  }

  /// Two more right of two hundred are chance.
  @Test func chanceIsNoReason() throws {
    let told = try samples.candidate(.classifierAlone, wrong: Set(0..<40), margin: { _ in 2 })
    let other = try samples.candidate(head, wrong: Set(20..<58), margin: { _ in 2 })
    #expect(try samples.best(told: told, [other]) == .classifierAlone)
  }
}
