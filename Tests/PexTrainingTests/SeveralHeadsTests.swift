import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct SeveralHeadsTests {
  /// Three exits on the same samples, the deeper the clearer.
  private func tasks() throws -> ([HeadTask], Split) {
    let tables = try [3, 2, 0.8].map { try clusters(200, spread: $0) }
    let tasks = try tables.enumerated().map { index, table in
      HeadTask(exit: index + 1, specification: try linear(), samples: .features(table))
    }
    let labels = tables[0].labels
    return (tasks, try Split.stratified(labels: labels).crossFitted(labels: labels))
  }

  @Test func threadsDoNotChangeTheBytes() throws {
    let (tasks, split) = try tasks()
    let one = try HeadTrainer.trainAll(tasks, split: split, threads: 1)
    let three = try HeadTrainer.trainAll(tasks, split: split, threads: 3)
    #expect(one.map(\.report) == three.map(\.report))
    for (a, b) in zip(one, three) {
      #expect(zip(a.head.parameters, b.head.parameters).allSatisfy { $0.isIdentical(to: $1) })
    }
  }

  @Test func policiesAreNotedInTheReports() throws {
    let (tasks, split) = try tasks()
    var heads = try HeadTrainer.trainAll(tasks, split: split, threads: 2)
    let labels = tasks[0].samples.labels
    let samples = try PolicySamples(split, answers: labels, labels: labels)
    let costs = try ExitCosts(trunk: [0.2, 0.5, 1], heads: [0, 0, 0])
    let expected = try #require(try heads.expectedOutcome(samples, costs: costs))
    let choice = try #require(try heads.choosePolicy(samples, costs: costs))
    #expect(choice.meetsGoal && choice.outcome.meanCost < 1 && choice.count == 200)
    #expect(heads.map(\.report.enabled) == choice.enabled)
    #expect(heads.allSatisfy { $0.report.threshold == ($0.report.enabled ? choice.threshold : nil) })
    // Counted on those that chose no strength.
    let exact = expected.accuracy * Double(split.training.count)
    #expect(abs(exact - exact.rounded()) < 1e-9)
    #expect(abs(expected.accuracy - choice.outcome.accuracy) < 0.1)
    let last = Predictions(heads[2].heldLogits)
    let more = try ExitCosts(trunk: [0.2, 0.5, 0.9, 1], heads: [0, 0, 0, 0])
    #expect(try heads.choosePolicy(samples, costs: more, last: last)?.enabled.count == 4)
  }

  /// Who answers the frequent class only loses little in that mix, and half where both are as frequent.
  @Test func lossesAreCountedWithAllClassesAsFrequentToo() throws {
    var generator = SplitMix64(seed: 3)
    let labels: [Int?] = (0..<400).map { $0 % 20 == 0 ? 1 : 0 }
    var table = try FeatureTable(tap: "exit 1", width: 12)
    for label in labels { try table.append((0..<12).map { _ in generator.normal() }, label: label) }
    let split = try Split.stratified(labels: labels, seed: 1).crossFitted(labels: labels, seed: 1)
    let heads = try HeadTrainer.trainAll(
      [HeadTask(exit: 1, specification: try linear(classes: 2), samples: .features(table))], split: split)
    let samples = try PolicySamples(split, answers: labels, labels: labels)
    func outcome(_ before: [Bool]) throws -> PolicyOutcome {
      try #require(
        try heads.expectedOutcome(
          samples, costs: ExitCosts(trunk: [1], heads: [0]), goal: .cost(2), before: before))
    }
    let rare = samples.measured.joined().count { samples.answers[$0] == 1 }
    let after = try outcome(samples.answers.map { _ in true })
    #expect(rare > 5 && after.lost == rare && after.gained == 0)
    #expect(abs(after.balancedLoss - Double(after.count) / 2) < 1e-9)
    // Compared with somebody who got nothing right, all of the frequent class is gained.
    let gained = try outcome(samples.answers.map { _ in false })
    #expect(gained.gained == after.count - rare && gained.lost == 0)
    #expect(abs(gained.balancedLoss + Double(after.count) / 2) < 1e-9)
  }

  @Test func uselessHeadsAreDisabled() throws {
    var generator = SplitMix64(seed: 1)
    var table = try FeatureTable(tap: "exit 1", width: 12)
    for _ in 0..<400 {
      try table.append((0..<12).map { _ in generator.normal() }, label: generator.uniform() < 0.9 ? 0 : 1)
    }
    let trained = try HeadTrainer.train(
      exit: 1, specification: linear(classes: 2), samples: .features(table), split: .stratified(labels: table.labels))
    #expect(!trained.report.enabled)
  }

  @Test func theFirstFailureIsReported() throws {
    var (tasks, split) = try tasks()
    tasks[1].specification = try linear(width: 4)
    #expect(kind { try HeadTrainer.trainAll(tasks, split: split, threads: 2) } == .defect)
    #expect(try HeadTrainer.trainAll([], split: split).isEmpty)
  }
}
