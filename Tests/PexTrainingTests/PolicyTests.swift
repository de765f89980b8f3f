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
    #expect(abs(choice.target - 0.99) < 1e-12)
    #expect(choice.meetsTarget && choice.commonOutcome.accuracy == 1)
    #expect(choice.commonOutcome.exitShares == [0.7, 0.3])
    #expect(abs(choice.commonOutcome.meanCost - (0.7 * 0.25 + 0.3)) < 1e-12)
    #expect(choice.common > exits[0].confidences[4] && choice.common < exits[0].confidences[0])
    let modest = try #require(
      try ThresholdChoice.choose(exits: exits, enabled: [true, true], labels: labels, costs: [0.25, 1], target: 0.7))
    #expect(modest.commonOutcome.exitShares == [1, 0] && modest.common == 0)
  }

  @Test func disabledExitsAreNeverTaken() throws {
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), try late()], enabled: [false, false], labels: labels, costs: [0.25, 1], target: 0.1))
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
    #expect(choice.perExitOutcome.accuracy >= choice.target)
    #expect(choice.perExitOutcome.meanCost <= choice.commonOutcome.meanCost)
    #expect(abs(choice.perExitOutcome.meanCost - 0.5) < 1e-12)
  }

  @Test func aTargetBeyondReachGetsTheMostAccurate() throws {
    let wrong = try exit([0, 0, 0, 0, 1, 1, 1, 1, 1, 0])
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), wrong], enabled: [true, true], labels: labels, costs: [0.25, 1], target: 1))
    #expect(!choice.meetsTarget)
    #expect(choice.commonOutcome.accuracy == 0.9)
  }

  @Test func fewSamplesChooseNothing() throws {
    let one = try exit([0.1, 0.9])
    #expect(try ThresholdChoice.choose(exits: [one], enabled: [true], labels: [0, 1], costs: [1]) == nil)
    #expect(
      kind { try ThresholdChoice.choose(exits: [one], enabled: [true], labels: [0, 1], costs: [1], target: 2) }
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
}
