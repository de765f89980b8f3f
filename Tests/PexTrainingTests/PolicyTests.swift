import Foundation
import PexHeads
import PexTensor
import PexTraining
import Testing

@Suite struct PolicyTests {
  init() throws { costs = try ExitCosts(trunk: [0.25, 1], heads: [0, 0]) }

  /// Answers of one exit: class 0 or 1 with the probability given for class 1.
  private func exit(_ probabilities: [Float]) throws -> Predictions {
    // Logits whose difference is rational are enough: what counts is their order.
    Predictions(try LogitTable(classes: 2, values: probabilities.flatMap { [0, 8 * ($0 - 0.5)] }))
  }

  private let costs: ExitCosts
  private let labels = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]

  /// Right and sure on seven samples, wrong and unsure on three.
  private func early() throws -> Predictions { try exit([0.1, 0.1, 0.1, 0.1, 0.6, 0.4, 0.4, 0.9, 0.9, 0.9]) }
  private func late() throws -> Predictions { try exit([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]) }

  @Test func theCheapestThresholdThatMeetsTheTargetIsChosen() throws {
    let exits = [try early(), try late()]
    let choice = try #require(
      try ThresholdChoice.choose(exits: exits, enabled: [true, true], labels: labels, costs: costs))
    #expect(choice.meetsGoal && choice.outcome.accuracy == 1)
    #expect(choice.outcome.exitShares == [0.7, 0.3])
    #expect(abs(choice.outcome.meanCost - (0.7 * 0.25 + 0.3)) < 1e-12)
    #expect(choice.threshold > exits[0].confidences[4] && choice.threshold < exits[0].confidences[0])
    let modest = try #require(
      try ThresholdChoice.choose(
        exits: exits, enabled: [true, true], labels: labels, costs: costs, goal: .accuracy(0.6, confidence: 0.5)))
    #expect(modest.outcome.exitShares == [1, 0] && modest.threshold == 0)
  }

  @Test func disabledExitsAreNeverTaken() throws {
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), try late()], enabled: [false, false], labels: labels, costs: costs,
        goal: .accuracy(0.1, confidence: 0.9)))
    #expect(choice.outcome.exitShares == [0, 1])
    #expect(choice.enabled == [false, true])
  }

  @Test func aTargetBeyondReachGetsTheMostAccurate() throws {
    let wrong = try exit([0, 0, 0, 0, 1, 1, 1, 1, 1, 0])
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), wrong], enabled: [true, true], labels: labels, costs: costs,
        goal: .accuracy(1, confidence: 0.9)))
    #expect(!choice.meetsGoal)
    #expect(choice.outcome.accuracy == 0.9)
  }

  @Test func fewSamplesChooseNothing() throws {
    let one = try exit([0.1, 0.9])
    #expect(
      try ThresholdChoice.choose(
        exits: [one], enabled: [true], labels: [0, 1], costs: ExitCosts(trunk: [1], heads: [0])) == nil)
    #expect(
      kind {
        try ThresholdChoice.choose(
          exits: [one], enabled: [true], labels: [0, 1], costs: ExitCosts(trunk: [1], heads: [0]),
          goal: .accuracy(2, confidence: 0.9))
      }
        == .usage)
    #expect(
      kind {
        try ThresholdChoice.choose(exits: [one], enabled: [], labels: [0, 1], costs: ExitCosts(trunk: [1], heads: [0]))
      } == .defect)
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
          exits: [try early(), try late()], enabled: [true, true], labels: labels, costs: costs, goal: .cost(limit))
      )
    }
    let dear = try choose(0.5)
    #expect(dear.meetsGoal && dear.outcome.accuracy == 1 && dear.outcome.meanCost <= 0.5)
    let cheap = try choose(0.3)
    #expect(cheap.meetsGoal && cheap.outcome.exitShares == [1, 0] && cheap.outcome.accuracy == 0.7)
    let impossible = try choose(0.2)
    #expect(!impossible.meetsGoal && impossible.outcome.exitShares == [1, 0])
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
          exits: held, enabled: [true, true], labels: labels, costs: costs,
          goal: .accuracy(0.8, confidence: 0.9)))
      #expect(choice.meetsGoal)
      let (test, truth) = try draw(2000)
      let taken = test[0].confidences.map { $0 >= choice.threshold ? 0 : 1 }
      let outcome = try PolicyOutcome(taken: taken, exits: test, labels: truth, costs: [0.25, 1])
      if outcome.accuracy < 0.8 { missed += 1 }
      cost += outcome.meanCost / 60
    }
    #expect(missed <= 12)
    #expect(cost < 0.95)
  }

  /// Two exits that answer the same, but for three samples each that the other one answers right. Nobody can tell from
  /// twenty samples that the first one is as good; from 500 they can.
  @Test(arguments: [(20, [0.0, 1.0]), (500, [1, 0])])
  func fewSamplesDoNotVouchForAnExit(_ count: Int, _ shares: [Double]) throws {
    let labels = (0..<count).map { $0 % 2 }
    func exit(wrong: Range<Int>) throws -> Predictions {
      try self.exit(labels.indices.map { (labels[$0] == 1) != wrong.contains($0) ? 0.9 : 0.1 })
    }
    let exits = [try exit(wrong: 0..<3), try exit(wrong: 3..<6)]
    let choice = try #require(
      try ThresholdChoice.choose(exits: exits, enabled: [true, true], labels: labels, costs: costs))
    #expect(choice.meetsGoal && choice.outcome.exitShares == shares)
  }

  @Test func exitsThatDoNotPayAreDisabled() throws {
    // The first is wrong and knows it, the second is worth its cost, the third is sure of what the second has taken already.
    let wrong = try exit([0.55, 0.55, 0.55, 0.55, 0.55, 0.45, 0.45, 0.45, 0.45, 0.45])
    let exits = [wrong, try early(), try early(), try late()]
    let costs = try ExitCosts(trunk: [0.1, 0.25, 0.5, 1], heads: [0.01, 0.02, 0.04, 0])
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: exits, enabled: [true, true, true, true], labels: labels, costs: costs,
        goal: .accuracy(0.7, confidence: 0.5)))
    #expect(choice.enabled == [false, true, false, true])
    let cheap = try #require(
      try ThresholdChoice.choose(exits: exits, enabled: [true, true, true, true], labels: labels, costs: costs))
    #expect(cheap.enabled == [false, true, false, true])
    #expect(abs(cheap.outcome.meanCost - (0.7 * 0.27 + 0.3 * 1.02)) < 1e-12)
    // Two that say the same: the first costs more than it saves.
    let same = try ExitCosts(trunk: [0.25, 0.3, 1], heads: [0.3, 0.01, 0])
    let one = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), try early(), try late()], enabled: [true, true, true], labels: labels, costs: same))
    #expect(one.enabled == [false, true, true] && abs(one.outcome.meanCost - (0.7 * 0.31 + 0.3 * 1.01)) < 1e-12)
    // A branch that the next head reads as well costs it nothing more; without the first exit it does.
    let chained = try ExitCosts(
      trunk: [0.2, 0.4, 1], heads: [0.01, 0.02, 0], convolutions: [[1: 0.1], [1: 0.1, 2: 0.05], [:]])
    for (open, expected) in [
      ([true, true, true], [0.31, 0.58, 1.18]), ([false, true, true], [0.31, 0.57, 1.17]),
      ([false, false, true], [0.31, 0.57, 1]),
    ] {
      #expect(zip(chained.macs.taking(open), expected).allSatisfy { abs($0 - $1) < 1e-12 })
    }
    // A head that is dearer than the rest of the network.
    let dear = try ExitCosts(trunk: [0.25, 1], heads: [0.8, 0])
    let none = try #require(
      try ThresholdChoice.choose(
        exits: [try early(), try late()], enabled: [true, true], labels: labels, costs: dear))
    #expect(none.enabled == [false, true] && none.outcome.meanCost == 1)
  }

  /// Every goal against all thresholds, on answers without any order.
  @Test(arguments: [.nearBest, .accuracy(0.5, confidence: 0.8), .cost(0.5), .risk(0.45)] as [PolicyGoal])
  func noThresholdIsBetter(_ goal: PolicyGoal) throws {
    var generator = SplitMix64(seed: 12)
    let costs = try ExitCosts(trunk: [0.2, 0.4, 1], heads: [0.01, 0.01, 0])
    var met = 0
    for _ in 0..<30 {
      let labels = (0..<60).map { _ in Int.random(in: 0...1, using: &generator) }
      let exits = try [0.4, 0.8, 2].map { (sureness: Float) in
        try exit(labels.map { 0.5 + (Float($0) - 0.5) * 0.3 * sureness + 0.25 * generator.normal() })
      }
      let choice = try #require(
        try ThresholdChoice.choose(exits: exits, enabled: [true, true, true], labels: labels, costs: costs, goal: goal))
      func outcome(_ threshold: Float, _ enabled: [Bool]) throws -> (wrong: [Bool], outcome: PolicyOutcome) {
        let taken = labels.indices.map { sample in
          (0..<2).first { enabled[$0] && exits[$0].confidences[sample] >= threshold } ?? 2
        }
        let heads = [enabled[0] ? 0.01 : 0, enabled[1] ? 0.01 : 0]
        let outcome = try PolicyOutcome(
          taken: taken, exits: exits, labels: labels,
          costs: [0.2 + heads[0], 0.4 + heads[0] + heads[1], 1 + heads[0] + heads[1]])
        return (labels.indices.map { exits[taken[$0]].classes[$0] != labels[$0] }, outcome)
      }
      let own = try outcome(choice.threshold, choice.enabled).outcome
      #expect(own.exitShares == choice.outcome.exitShares && own.accuracy == choice.outcome.accuracy)
      #expect(abs(own.meanCost - choice.outcome.meanCost) < 1e-9)
      guard choice.meetsGoal else { continue }
      met += 1
      var spoiled = try outcome(2, [true, true, true]).wrong
      for step in (0...1000).reversed() {
        let other = try outcome(Float(step) / 1000, [true, true, true])
        spoiled = zip(spoiled, other.wrong).map { $0 || $1 }
        switch goal {
        case .cost(let limit):
          #expect(other.outcome.meanCost > limit || other.outcome.accuracy <= own.accuracy)
        case .accuracy(let target, _):
          // Eight more than the target asks for are enough for a confidence of 0.8.
          #expect(other.outcome.accuracy < target + 8.0 / 60 || other.outcome.meanCost >= own.meanCost - 1e-9)
        case .risk(let risk):
          #expect(
            Double(spoiled.count { $0 } + 1) > risk * 61 || other.outcome.meanCost >= own.meanCost - 1e-9)
          if Float(step) / 1000 >= choice.threshold { #expect(Double(spoiled.count { $0 } + 1) <= risk * 61) }
        case .faithful, .latency: break  // have tests of their own
        case .nearBest:
          #expect(other.outcome.accuracy < exitsBest(exits, labels) + 0.2 || other.outcome.meanCost >= own.meanCost)
        }
      }
    }
    #expect(met > 10)
  }

  /// Time decides where it was measured: an exit that saves work and no time is closed.
  @Test func timeRulesWhereItIsKnown() throws {
    let labels = (0..<100).map { $0 % 2 }
    let exits = try [exit(labels.map { 0.1 + 0.8 * Float($0) }), exit(labels.map { Float($0) })]
    let work = try WayCosts(trunk: [0.2, 1], heads: [0.01, 0])
    func choice(_ time: WayCosts?, _ goal: PolicyGoal) throws -> ThresholdChoice {
      try #require(
        try ThresholdChoice.choose(
          exits: exits, enabled: [true, true], labels: labels,
          costs: ExitCosts(macs: work, time: time, fullMilliseconds: time == nil ? nil : 4), goal: goal))
    }
    let byWork = try choice(nil, .nearBest)
    #expect(byWork.enabled == [true, true] && byWork.outcome.exitShares == [1, 0])
    #expect(abs(byWork.outcome.meanCost - 0.21) < 1e-12 && byWork.outcome.meanTime == nil)
    let slow = try choice(try WayCosts(trunk: [0.7, 1], heads: [0.31, 0]), .nearBest)
    #expect(slow.enabled == [false, true] && slow.outcome.meanTime == 1 && slow.outcome.meanCost == 1)
    let fast = try choice(try WayCosts(trunk: [0.4, 1], heads: [0.1, 0]), .nearBest)
    #expect(abs((fast.outcome.meanTime ?? 0) - 0.5) < 1e-12 && abs(fast.outcome.meanCost - 0.21) < 1e-12)
    // Half the time, in shares and in milliseconds.
    for goal in [PolicyGoal.cost(0.5), .latency(milliseconds: 2)] {
      let half = try choice(try WayCosts(trunk: [0.4, 1], heads: [0.1, 0]), goal)
      #expect(half.meetsGoal && half.outcome.meanTime ?? 1 <= 0.5)
    }
    #expect(try !choice(try WayCosts(trunk: [0.4, 1], heads: [0.1, 0]), .latency(milliseconds: 1.9)).meetsGoal)
    // Nothing is known to be fast enough where nobody measured.
    #expect(try !choice(nil, .latency(milliseconds: 100)).meetsGoal)
  }

  /// Of two things that heads do at one tap the dearer counts, once.
  @Test func whatIsDoneAtATapIsPaidOnce() throws {
    let costs = try WayCosts(trunk: [0.2, 0.4, 1], heads: [0, 0, 0], taps: [[1: 0.01], [1: 0.05, 2: 0.02], [:]])
    let both = costs.taking([true, true, true])
    #expect(zip(both, [0.21, 0.47, 1.07]).allSatisfy { abs($0 - $1) < 1e-12 })
    let second = costs.taking([false, true, true])
    #expect(zip(second, [0.21, 0.47, 1.07]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(throws: PexError.self) { try WayCosts(trunk: [1], heads: [0, 0]) }
    #expect(throws: PexError.self) { try WayCosts(trunk: [1], heads: [0], taps: [[:], [:]]) }
  }

  private func exitsBest(_ exits: [Predictions], _ labels: [Int]) -> Double {
    exits.map { (try? $0.accuracy(labels)) ?? 0 }.max() ?? 0
  }

  /// Of N samples at most 2 % N - 1 may be answered unlike the last resort, so fewer than fifty vouch for no exit at all.
  @Test(arguments: [
    (49, 0, 0.9999, false), (50, 0, 0.9999, true), (50, 1, 0.9999, false), (1000, 0, 0.9, true),
    (1000, 8, 0.9, true), (1000, 19, 0.9, false),
  ])
  func answersLikeTheLastResort(count: Int, unlike: Int, confidence: Float, stops: Bool) throws {
    // The exit is as sure of all samples, and says something else of some of them: right where the last resort errs.
    let exit = try Predictions(
      classes: (0..<count).map { $0 < unlike ? 1 : 0 }, confidences: [Float](repeating: confidence, count: count))
    let last = try Predictions(
      classes: [Int](repeating: 0, count: count), confidences: [Float](repeating: 1, count: count))
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [exit, last], enabled: [true, true], labels: exit.classes,
        costs: ExitCosts(trunk: [0.5, 1], heads: [0, 0]), goal: .faithful(unlike: 0.02)))
    #expect(choice.enabled == [stops, true])
    #expect(choice.meetsGoal)
  }

  /// Luck vouches for nothing: among a hundred samples the surer half is never answered otherwise, the half that is hardly less
  /// sure every second time.
  @Test func luckVouchesForNoExit() throws {
    let exit = try Predictions(
      classes: (0..<100).map { $0 >= 50 && $0 % 2 == 0 ? 1 : 0 },
      confidences: (0..<100).map { $0 < 50 ? 0.75 : 0.7 })
    let last = try Predictions(classes: [Int](repeating: 0, count: 100), confidences: [Float](repeating: 1, count: 100))
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [exit, last], enabled: [true, true], labels: last.classes,
        costs: ExitCosts(trunk: [0.5, 1], heads: [0, 0]), goal: .faithful(unlike: 0.02)))
    #expect(choice.enabled == [false, true])
  }

  /// Where every exit open is too much, one of them may do: they are opened one by one, too.
  @Test func exitsAreOpenedOneByOne() throws {
    let labels = (0..<400).map { $0 % 2 }
    // The first exit is sure and as often wrong as right; the second knows everything but says so less loudly.
    let first: [Float] = labels.indices.map { $0 / 2 % 2 == 0 ? 0.999 : 0.001 }
    let second: [Float] = labels.map { $0 == 1 ? 0.99 : 0.01 }
    let last: [Float] = labels.map(Float.init)
    let costs = try ExitCosts(trunk: [0.2, 0.5, 1], heads: [0.1, 0.1, 0])
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: [try exit(first), try exit(second), try exit(last)], enabled: [true, true, true], labels: labels,
        costs: costs, goal: .nearBest))
    #expect(choice.enabled == [false, true, true] && choice.meetsGoal)
    #expect(abs(choice.outcome.meanCost - 0.6) < 1e-9)
  }

  /// From a hundred samples nobody can tell a point. The best exit alone, which the same samples chose, is no better a guess than
  /// what comes nearest with every exit open, and that costs less; from a thousand the best one is known.
  @Test(arguments: [(100, true), (1000, false)])
  func fewSamplesDoNotChooseOneExit(_ count: Int, _ asksAll: Bool) throws {
    let labels = (0..<count).map { $0 % 2 }
    // Sure of half of the samples, of which a hundredth is wrong; of the others it knows nothing.
    let first: [Float] = labels.indices.map { sample in
      guard sample % 4 < 2 else { return 0.5 }
      return (labels[sample] == 1) == (sample % 200 != 0) ? 0.99 : 0.01
    }
    let exits = [try exit(first), try exit(labels.map { $0 == 1 ? 0.9 : 0.1 }), try exit(labels.map { _ in 0.4 })]
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: exits, enabled: [true, true, true], labels: labels,
        costs: ExitCosts(trunk: [0.2, 0.6, 1], heads: [0, 0, 0]), goal: .nearBest))
    #expect(choice.enabled[0] == asksAll || choice.meetsGoal)
    #expect(asksAll ? !choice.meetsGoal && choice.outcome.meanCost < 0.6 : choice.meetsGoal)
  }

  /// On average over draws of twenty samples the risk is kept, and used: without the correction for few samples it would
  /// be one and a half times as large.
  @Test func theRiskIsKept() throws {
    var generator = SplitMix64(seed: 5)
    var risk = 0.0
    let draws = 1500
    for _ in 0..<draws {
      // The early exit's sureness is uniform and says nothing; half of its answers are wrong, the last resort's never.
      let sure = (0..<20).map { _ in 0.5 + 0.5 * generator.uniform() }
      let labels = (0..<20).map { _ in Int.random(in: 0...1, using: &generator) }
      let logits = try LogitTable(classes: 2, values: sure.flatMap { [0, log($0 / (1 - $0))] })
      let choice = try #require(
        try ThresholdChoice.choose(
          exits: [Predictions(logits), try exit(labels.map(Float.init))], enabled: [true, true], labels: labels,
          costs: costs, goal: .risk(0.1)))
      #expect(choice.meetsGoal)
      // Known exactly: half of what is surer than the threshold.
      let taken = choice.enabled[0] ? min(1, 2 * (1 - Double(choice.threshold))) : 0
      risk += 0.5 * taken / Double(draws)
    }
    #expect(risk < 0.1 && risk > 0.07)
  }

  /// Where a deeper exit is wrong and a shallower one right, errors go down again as the threshold falls. The loss that is
  /// controlled does not.
  @Test func errorsThatGoAwayAgainAreCounted() throws {
    let labels = (0..<40).map { $0 % 2 }
    let right: [Float] = labels.map { $0 == 1 ? 0.7 : 0.3 }
    // Surer than the first exit, and wrong on a quarter of the samples.
    let second: [Float] = labels.indices.map { ($0 / 2 % 4 == 0) == (labels[$0] == 1) ? 0.1 : 0.9 }
    let exits = [try exit(right), try exit(second), try exit(labels.map(Float.init))]
    let costs = try ExitCosts(trunk: [0.2, 0.5, 1], heads: [0, 0, 0])
    let choice = try #require(
      try ThresholdChoice.choose(
        exits: exits, enabled: [true, true, true], labels: labels, costs: costs, goal: .risk(0.1)))
    #expect(choice.meetsGoal && choice.outcome.exitShares == [0, 0, 1])
    // The same risk as an accuracy may skip over the second exit's errors.
    let other = try #require(
      try ThresholdChoice.choose(
        exits: exits, enabled: [true, true, true], labels: labels, costs: costs,
        goal: .accuracy(0.9, confidence: 0.9)))
    #expect(other.outcome.exitShares == [1, 0, 0])
  }

  @Test func aRiskTakesSamples() throws {
    #expect(RiskControl.samplesNeeded(risk: 0.05) == 19 && RiskControl.samplesNeeded(risk: 0.001) == 999)
    #expect(RiskControl.samplesNeeded(risk: 0.05, lost: 0.05) == nil)
    for (risk, count, most) in [(0.05, 18, -1), (0.05, 19, 0), (0.1, 20, 1), (0.1, 29, 2), (0.25, 39, 9)] {
      #expect(RiskControl.mostLosses(risk: risk, count: count) == most)
    }
    #expect(kind { try RiskControl.require(18, for: 0.05) } == .malformed)
    try RiskControl.require(19, for: 0.05)
    for risk in [0, 1, -1, Double.nan] { #expect(kind { try PolicyGoal.risk(risk).validate() } == .usage) }
  }
}
