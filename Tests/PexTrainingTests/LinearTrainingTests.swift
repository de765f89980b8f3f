import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct LinearTrainingTests {
  @Test(arguments: TrainingOptions.Optimizer.allCases)
  func learnsClusters(optimizer: TrainingOptions.Optimizer) throws {
    let (table, test) = (try clusters(150, spread: 0.7), try clusters(600, spread: 0.7, seed: 2))
    var options = TrainingOptions()
    options.optimizer = optimizer
    let split = try Split.stratified(labels: table.labels)
    let trained = try HeadTrainer.train(
      exit: 3, specification: linear(), samples: .features(table), split: split, options: options)
    let score = try accuracy(trained.head, test)
    #expect(score > 0.95)
    #expect(trained.report.exit == 3 && trained.report.enabled)
    #expect(trained.report.validationAccuracy ?? 0 > 0.9)
    #expect(trained.heldLogits.count == split.validation.count)
    #expect(trained.head.temperature == trained.report.temperature)
  }

  @Test func theSameSamplesAndSeedGiveTheSameBytes() throws {
    let table = try clusters(90)
    let heads = try (0..<2).map { _ in
      try HeadTrainer.train(
        exit: 1, specification: linear(), samples: .features(table), split: .stratified(labels: table.labels)
      ).head
    }
    #expect(zip(heads[0].parameters, heads[1].parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(heads[0].temperature == heads[1].temperature)
    var options = TrainingOptions()
    options.seed = 9
    let other = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(table), split: .stratified(labels: table.labels),
      options: options)
    #expect(!other.head.parameters[0].isIdentical(to: heads[0].parameters[0]))
  }

  @Test func aBaseHeadThatNothingBeatsIsKept() throws {
    let general = try clusters(3000, spread: 1.5)
    let base = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(general), split: .stratified(labels: general.labels)
    ).head
    // Wild steps make every epoch worse than the start.
    var options = TrainingOptions()
    options.learningRate = 50
    options.optimizer = .sgd
    let person = try clusters(60, spread: 1.5, seed: 5)
    let trained = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(person), base: base,
      split: .stratified(labels: person.labels), options: options)
    #expect(trained.report.epochs == 0)
    #expect(zip(trained.head.parameters, base.parameters).allSatisfy { $0.isIdentical(to: $1) })
  }

  @Test func startingFromABaseHeadBeatsStartingFromZero() throws {
    let general = try clusters(3000, width: 40, classes: 8, spread: 3)
    let specification = try linear(width: 40, classes: 8)
    let base = try HeadTrainer.train(
      exit: 1, specification: specification, samples: .features(general), split: .stratified(labels: general.labels)
    ).head
    let (person, test) = (
      try clusters(24, width: 40, classes: 8, spread: 3, seed: 6),
      try clusters(800, width: 40, classes: 8, spread: 3, seed: 7)
    )
    let split = try Split.stratified(labels: person.labels)
    let scores = try [base, nil].map { base in
      try accuracy(
        HeadTrainer.train(
          exit: 1, specification: specification, samples: .features(person), base: base, split: split
        ).head, test)
    }
    #expect(scores[0] > scores[1] + 0.05)
  }

  /// A base head that is sure of the wrong answers: held-out samples prefer to forget it.
  @Test func aBaseHeadThatIsInTheWayIsForgotten() throws {
    let specification = try linear()
    let wrong = try Head.random(specification, seed: 3)
    let loud = try wrong.parameters.map { try Tensor($0.shape.dimensions, $0.floats.map { 50 * $0 }) }
    let person = try clusters(75, seed: 8)
    let split = try Split.stratified(labels: person.labels)
    let heads = try [try Head(specification, parameters: loud), nil].map { base in
      try HeadTrainer.train(
        exit: 1, specification: specification, samples: .features(person), base: base, split: split
      ).head
    }
    #expect(zip(heads[0].parameters, heads[1].parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(try accuracy(heads[0], clusters(600, seed: 9)) > 0.8)
  }

  @Test func withoutHeldOutSamplesTheLastEpochIsKept() throws {
    let table = try clusters(30)
    var options = TrainingOptions()
    (options.epochs, options.batch) = (7, 32)
    let split = try Split.stratified(labels: table.labels, fraction: 0)
    let trained = try HeadTrainer.train(
      exit: 1, specification: linear(), samples: .features(table), split: split, options: options)
    #expect(trained.report.epochs == 7 && trained.report.validationAccuracy == nil && trained.report.enabled)
    #expect(trained.report.steps == 7 && trained.head.temperature == 1)
  }

  @Test func badSamplesAreMalformed() throws {
    let one = try clusters(10, classes: 1)
    #expect(kind { try Split.stratified(labels: one.labels) } == .malformed)
    #expect(kind { try Split.stratified(labels: [0]) } == .malformed)
    #expect(kind { try Split.stratified(labels: [0, nil, nil]) } == .malformed)
    #expect(kind { try train(one, Split(training: Array(0..<10), validation: [])) } == .malformed)
    let table = try clusters(12, classes: 4)
    #expect(kind { try train(table, Split(training: Array(0..<12), validation: [])) } == .malformed)
    #expect(kind { try train(table, Split(training: [0, 1, 12], validation: [])) } == .defect)
    var options = TrainingOptions()
    options.batch = 0
    #expect(kind { try options.validate() } == .usage)
  }

  private func train(_ table: FeatureTable, _ split: Split) throws -> TrainedHead {
    try HeadTrainer.train(exit: 1, specification: linear(), samples: .features(table), split: split)
  }
}

/// The kind of error that `body` throws; nil when it throws none.
func kind(_ body: () throws -> some Any) -> PexError.Kind? {
  do { _ = try body() } catch { return (error as? PexError)?.kind }
  return nil
}
