import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct PolicyTests {
  /// Answers of one exit: class 0 or 1 with the probability given for class 1.
  private func exit(_ probabilities: [Float]) throws -> Predictions {
    // Logits whose difference is rational are enough: what counts is their order.
    Predictions(try LogitTable(classes: 2, values: probabilities.flatMap { [0, 8 * ($0 - 0.5)] }))
  }

  private let labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]

  /// Right and sure on seven samples, wrong and unsure on three.
  private func early() throws -> Predictions { try exit([0.1, 0.1, 0.1, 0.1, 0.6, 0.4, 0.4, 0.9, 0.9, 0.9]) }
  private func late() throws -> Predictions { try exit([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]) }

  @Test func theCheapestThresholdThatMeetsTheTargetIsChosen() throws {
    let exits = [try early(), try late()]
    let choice = try #require(
      try ThresholdChoice.choose(exits: exits, enabled: [true, true], labels: labels, costs: [0.25, 1]))
    #expect(choice.meetsGoal && choice.commonOutcome.accuracy == 1)
    #expect(choice.commonOutcome.exitShares == [0.7, 0.3])
    #expect(abs(choice.commonOutcome.meanCost - (0.7 * 0.25 + 0.3)) < 1e-12)
    #expect(choice.common > exits[0].confidences[4] && choice.common < exits[0].confidences[0])
    let modest = try #require(
      try ThresholdChoice.choose(
        exits: exits, enabled: [true, true], labels: labels, costs: [0.25, 1], goal: .accuracy(0.6, confidence: 0.5)))
    #expect(modest.commonOutcome.exitShares == [1, 0] && modest.common == 0)
  }

  @Test func disabledExitsAreNeverTaken() throws {
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), try late()], enabled: [false, false], labels: labels, costs: [0.25, 1],
        goal: .accuracy(0.1, confidence: 0.9)))
    #expect(choice.commonOutcome.exitShares == [0, 1])
    #expect(choice.perExit == [1, 0])
  }

  @Test func thresholdsOfTheirOwnAreNoDearer() throws {
    // The first exit is sure where it is wrong; the second is right and unsure.
    let first = try exit([0.9, 0.9, 0.4, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9])
    let second = try exit([0.45, 0.45, 0.45, 0.45, 0.45, 0.55, 0.55, 0.55, 0.55, 0.55])
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [first, second, late()], enabled: [true, true, true], labels: labels, costs: [0.2, 0.5, 1]))
    #expect(choice.perExitOutcome.accuracy == 1)
    #expect(choice.perExitOutcome.meanCost <= choice.commonOutcome.meanCost)
    #expect(abs(choice.perExitOutcome.meanCost - 0.5) < 1e-12)
  }

  @Test func aTargetBeyondReachGetsTheMostAccurate() throws {
    let wrong = try exit([0, 0, 0, 0, 1, 1, 1, 1, 1, 0])
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), wrong], enabled: [true, true], labels: labels, costs: [0.25, 1],
        goal: .accuracy(1, confidence: 0.9)))
    #expect(!choice.meetsGoal)
    #expect(choice.commonOutcome.accuracy == 0.9)
  }

  @Test func fewSamplesChooseNothing() throws {
    let one = try exit([0.1, 0.9])
    #expect(try ThresholdChoice.choose(exits: [one], enabled: [true], labels: [0, 1], costs: [1]) == nil)
    #expect(
      kind {
        try ThresholdChoice.choose(
          exits: [one], enabled: [true], labels: [0, 1], costs: [1], goal: .accuracy(2, confidence: 0.9))
      }
        == .usage)
    #expect(kind { try ThresholdChoice.choose(exits: [one], enabled: [], labels: [0, 1], costs: [1]) } == .defect)
  }

  @Test func anOutcomeCountsTheExitsThatWereTaken() throws {
    let exits = [try early(), try late()]
    let taken = labels.indices.map { $0 < 5 ? 0 : 1 }
    let outcome = try PolicyOutcome(taken: taken, exits: exits, labels: labels, costs: [0.25, 1])
    #expect(try exits.map { try $0.accuracy(labels) } == [0.7, 1])
    #expect(outcome.accuracy == 0.9)
    #expect(outcome.exitShares == [0.5, 0.5])
    #expect(outcome.meanCost == 0.625)
    let beyond = labels.map { _ in 2 }
    #expect(kind { try PolicyOutcome(taken: beyond, exits: exits, labels: labels, costs: [0.25, 1]) } == .defect)
  }

  @Test func aCostIsKept() throws {
    func choose(_ limit: Double) throws -> ThresholdChoice {
      try #require(
        try ThresholdChoice.choose(
          exits: [try early(), try late()], enabled: [true, true], labels: labels, costs: [0.25, 1], goal: .cost(limit))
      )
    }
    let dear = try choose(0.5)
    #expect(dear.meetsGoal && dear.commonOutcome.accuracy == 1 && dear.commonOutcome.meanCost <= 0.5)
    let cheap = try choose(0.3)
    #expect(cheap.meetsGoal && cheap.commonOutcome.exitShares == [1, 0] && cheap.commonOutcome.accuracy == 0.7)
    let impossible = try choose(0.2)
    #expect(!impossible.meetsGoal && impossible.commonOutcome.exitShares == [1, 0])
    #expect(kind { try choose(0) } == .usage)
  }

  /// What a goal asks for is reached on new samples more often than its confidence says.
  @Test func theAccuracyAimedAtIsReached() throws {
    var generator = SplitMix64(seed: 3)
    func draw(_ count: Int) throws -> (exits: [Predictions], labels: [Int]) {
      let labels = (0..<count).map { _ in Int.random(in: 0...1, using: &generator) }
      let exits = try [1, 3].map { (sureness: Float) in
        try exit(labels.map { 0.5 + (Float($0) - 0.5) * 0.3 * sureness + 0.25 * generator.normal() })
      }
      return (exits, labels)
    }
    var (missed, cost) = (0, 0.0)
    for _ in 0..<60 {
      let (held, labels) = try draw(80)
      let choice = try #require(
        try ThresholdChoice.choose(
          exits: held, enabled: [true, true], labels: labels, costs: [0.25, 1],
          goal: .accuracy(0.8, confidence: 0.9)))
      #expect(choice.meetsGoal)
      let (test, truth) = try draw(2000)
      let taken = test[0].confidences.map { $0 >= choice.common ? 0 : 1 }
      let outcome = try PolicyOutcome(taken: taken, exits: test, labels: truth, costs: [0.25, 1])
      if outcome.accuracy < 0.8 { missed += 1 }
      cost += outcome.meanCost / 60
    }
    #expect(missed <= 12)
    #expect(cost < 0.95)
  }
}
