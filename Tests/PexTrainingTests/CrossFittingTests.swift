import PexHeads
import PexTensor
import PexTraining
import Testing

/// Held-out logits of samples that all trained, by heads that each left some out.
@Suite struct CrossFittingTests {
  /// A feature for each sample and labels without any rule: whoever has seen a sample knows its label, nobody else does.
  private func planted(_ count: Int) throws -> FeatureTable {
    var generator = SplitMix64(seed: 6)
    var table = try FeatureTable(tap: "exit 1", width: count)
    for sample in 0..<count {
      try table.append((0..<count).map { $0 == sample ? 1 : 0 }, label: Int.random(in: 0...1, using: &generator))
    }
    return table
  }

  @Test func noSampleIsAnsweredByAHeadThatSawIt() throws {
    let table = try planted(200)
    let split = try Split.stratified(labels: table.labels).crossFitted(labels: table.labels)
    var options = TrainingOptions()
    options.weightDecay = 0
    let trained = try HeadTrainer.train(
      exit: 1, specification: linear(width: 200, classes: 2), samples: .features(table), split: split, options: options)
    #expect(trained.report.trainAccuracy == 1)
    #expect(trained.heldLogits.count == 200 && split.held.count == 200)
    let right = try trained.heldLogits.accuracy(split.held.map { table.labels[$0] ?? -1 })
    #expect(right > 0.35 && right < 0.65)
    // Trained again on everything, the head knows everything.
    #expect(try accuracy(trained.head, table) == 1)
  }

  @Test func aClassOfOneSampleAndPartsWithoutAClass() throws {
    var table = try clusters(62, spread: 0.7)
    // One sample of class 1, two of class 2, the others of class 0.
    try table.relabel((0..<62).map { $0 == 1 ? 1 : $0 == 2 || $0 == 5 ? 2 : $0 % 3 == 0 ? 0 : nil })
    let split = try Split.stratified(labels: table.labels).crossFitted(labels: table.labels)
    #expect(!split.held.contains(1) && split.held.contains(2) && split.held.contains(5))
    let trained = try HeadTrainer.train(exit: 1, specification: linear(), samples: .features(table), split: split)
    #expect(trained.heldLogits.count == split.held.count)
    #expect(try trained.heldLogits.accuracy(split.held.map { table.labels[$0] ?? -1 }) > 0.85)
  }

  /// A base head that training does not change needs no other heads: it has seen no sample.
  @Test func aBaseHeadThatIsKeptAnswersItself() throws {
    let general = try clusters(3000, spread: 1.5)
    let base = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(general), split: .stratified(labels: general.labels)
    ).head
    var options = TrainingOptions()
    (options.learningRate, options.optimizer) = (50, .sgd)
    let person = try clusters(60, spread: 1.5, seed: 5)
    let split = try Split.stratified(labels: person.labels).crossFitted(labels: person.labels)
    let trained = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(person), base: base, split: split, options: options)
    #expect(trained.report.epochs == 0)
    let own = try split.held.flatMap { try base.logits(features: Array(person.row($0))) }
    #expect(trained.heldLogits.values == own)
  }

  /// On noise the best policy of many looks better than chance to those who chose it, and hardly to others.
  @Test func whatIsExpectedWasNotChosenByWhatIsMeasured() throws {
    var (seen, expected) = (0.0, 0.0)
    let costs = try ExitCosts(trunk: [0.2, 0.5, 1], heads: [0, 0, 0])
    for seed in 1...30 as ClosedRange<UInt64> {
      var generator = SplitMix64(seed: seed)
      let labels: [Int?] = (0..<60).map { $0 % 2 }
      let tasks = try (1...3).map { exit in
        var table = try FeatureTable(tap: "exit \(exit)", width: 12)
        for label in labels { try table.append((0..<12).map { _ in generator.normal() }, label: label) }
        return HeadTask(exit: exit, specification: try linear(classes: 2), samples: .features(table))
      }
      let split = try Split.stratified(labels: labels, seed: seed).crossFitted(labels: labels, seed: seed)
      var heads = try HeadTrainer.trainAll(tasks, split: split)
      let samples = try PolicySamples(split, answers: labels, labels: labels)
      expected += try #require(try heads.expectedOutcome(samples, costs: costs, goal: .cost(2))).accuracy / 30
      seen += try #require(try heads.choosePolicy(samples, costs: costs, goal: .cost(2))).outcome.accuracy / 30
    }
    #expect(seen > 0.55)
    // The heads that answer the other parts have trained on the one that is measured, so a little flattery remains.
    #expect(abs(expected - 0.5) < (seen - 0.5) / 2)
  }
}
