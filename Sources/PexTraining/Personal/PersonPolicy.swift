import PexBundle
import PexRuntime
import PexTensor

/// Which exits a person's policy may take, from which confidence on, and so which heads are worth writing.
struct PersonPolicy {
  private let heads: PersonHeads
  private let lesson: PersonLesson
  private let asked: PolicyGoal?
  private let force: Bool
  private let model: Model
  private let times: TimeProfile?
  /// The held-out samples.
  let samples: PolicySamples

  /// What was chosen.
  struct Choice {
    /// All heads, with what their files need to know.
    let heads: [TrainedHead]
    /// What answers when no exit is sure enough.
    let lastResort: LastResort
    /// The policy to be written; nil when the last resort answers everything.
    let record: PolicyRecord?
    /// Nil when there were too few samples to choose.
    let choice: ThresholdChoice?
    /// What a policy chosen like this comes to on samples that chose nothing of it.
    let expected: PolicyOutcome?
    /// The exits of the outcomes.
    let exits: [ExitName]
    /// What the policy was chosen for.
    let goal: PolicyGoal
  }

  /// - Parameters:
  ///   - goal: what the policy is for; nil: to lose nothing that anybody had before.
  ///   - force: whether the deepest head answers last whatever was found.
  ///   - times: what the heads' ways take; nil: their policy is chosen by multiply-accumulates.
  init(
    heads: PersonHeads, lesson: PersonLesson, goal: PolicyGoal?, force: Bool, model: Model, times: TimeProfile?
  ) throws {
    (self.heads, self.lesson, asked, self.force, self.model) = (heads, lesson, goal, force, model)
    self.times = times
    samples = try PolicySamples(
      lesson.split, answers: lesson.assignment.answers, labels: lesson.assignment.labels)
  }

  /// Milliseconds of the whole model; nil where nobody measured them.
  var fullMilliseconds: Double? { times.flatMap { try? $0.trunk(.final) } }

  func choose() throws -> Choice {
    let lastResort = try lastResort()
    let deepest = heads.outcomes.last?.trained.report.exit
    let replaces = !lastResort.asksClassifier
    // A head where the classifier is next saves nothing.
    var early = heads.outcomes.indices.filter { index in
      replaces || heads.outcomes[index].trained.report.exit != deepest || !standsLast
    }
    if !replaces { early = early.filter { heads.outcomes[$0].trained.report.exit != lastResort.exit } }
    var taken = early.map { heads.outcomes[$0].trained }
    let last = replaces ? nil : Predictions(heads.last.logits)
    let costs = try self.costs(taken, lastResort)
    let (goal, bold) = try goal(taken, costs, last, early)
    if bold == nil, asked == nil { for index in taken.indices { taken[index].report.enabled = false } }
    let expected = try bold ?? (asked == nil ? alone(taken, costs, last) : nil)
    let choice = try taken.choosePolicy(samples, costs: costs, last: last, goal: goal)
    var all = heads.outcomes.map { outcome in
      var head = outcome.trained
      (head.isBase, head.report.enabled, head.report.threshold) = (outcome.isBase, false, nil)
      return head
    }
    for (index, head) in zip(early, taken) { all[index].report = head.report }
    for index in all.indices {
      let exit = all[index].report.exit
      all[index].isWritten =
        force || exit == lastResort.exit || choice != nil && all[index].report.enabled && early.contains(index)
    }
    let stopsEarly = all.contains { $0.report.enabled && $0.report.exit != lastResort.exit }
    return Choice(
      heads: all, lastResort: lastResort,
      record: stopsEarly ? choice.map { PolicyRecord(.confidence, $0.threshold) } : nil, choice: choice,
      expected: expected, exits: taken.map { .exit($0.report.exit) } + (last == nil ? [] : [.final]), goal: goal)
  }

  /// What a policy is chosen for, and what one chosen like this comes to on samples that did not choose how; nil where stopping
  /// early is not worth it, or nothing vouches for it.
  private func goal(
    _ taken: [TrainedHead], _ costs: ExitCosts, _ last: Predictions?, _ early: [Int]
  ) throws -> (PolicyGoal, PolicyOutcome?) {
    let before = try toldRight()
    func expected(_ goal: PolicyGoal) throws -> PolicyOutcome? {
      try taken.expectedOutcome(samples, costs: costs, last: last, goal: goal, before: before)
    }
    if let asked { return (asked, try expected(asked)) }
    if let bold = try expected(.nearBest), beatsTold(bold, before), saves(bold, costs) { return (.nearBest, bold) }
    for unlike in [PolicyGoal.boldlyUnlike, PolicyGoal.carefullyUnlike, PolicyGoal.leastUnlike] {
      let outcome = try expected(.faithful(unlike: unlike))
      guard let outcome, isSafe(outcome, unlike), !takesOwn(outcome, early) || isLike(outcome),
        saves(outcome, costs)
      else { continue }
      return (.faithful(unlike: unlike), outcome)
    }
    return (.faithful(unlike: PolicyGoal.carefullyUnlike), nil)
  }

  /// What the last resort comes to that answers everything.
  private func alone(_ taken: [TrainedHead], _ costs: ExitCosts, _ last: Predictions?) throws -> PolicyOutcome? {
    let positions = samples.measured.flatMap { $0 }
    guard let deepest = last ?? taken.last.map({ Predictions($0.heldLogits, temperature: $0.report.temperature) }),
      !positions.isEmpty, deepest.count == samples.answers.count
    else { return nil }
    let none = costs.macs.trunk.map { _ in false }
    return PolicyOutcome(
      right: positions.count { deepest.classes[$0] == samples.answers[$0] },
      taken: none.indices.map { $0 == none.count - 1 ? positions.count : 0 }, costs: costs.macs.taking(none),
      times: costs.time?.taking(none), count: positions.count)
  }

  /// Whether the base model told the classes answers each held-out sample right; nil where it cannot answer for the person.
  private func toldRight() throws -> [Bool]? {
    guard lesson.knowsAll, let told = lesson.told else { return nil }
    return zip(Predictions(try told.selected(lesson.split.held)).classes, samples.answers).map { $0 == $1 }
  }

  /// Whether stopping early, nearly as accurate as the best exit, still answers better than the base model told the classes,
  /// beyond chance (two standard errors, as if both had answered other samples): then nobody is worse off than before, and
  /// a point less buys much time.
  /// - Parameter told: whether that model answers each held-out sample right; nil where it cannot answer for the person: what
  /// stopping early loses then is lost against the last head alone.
  private func beatsTold(_ expected: PolicyOutcome, _ told: [Bool]?) -> Bool {
    let positions = samples.measured.flatMap { $0 }
    guard expected.count > 0, positions.allSatisfy({ samples.isLabelled[$0] }) else { return false }
    guard let right = told else { return false }
    let before = Double(positions.count { right[$0] }) / Double(positions.count)
    let after = expected.accuracy
    let variance = (before * (1 - before) + after * (1 - after)) / Double(expected.count)
    return after - before > 2 * variance.squareRoot()
  }

  /// Whether stopping early loses less than a point against what answered before there were any heads, in the person's own mix
  /// of classes and with all of them as frequent, as samples say that did not choose how, and as many more would that lose half
  /// of their other answers: a person's own are too few to be believed alone.
  private func isSafe(_ expected: PolicyOutcome, _ unlike: Double) -> Bool {
    let lost = max(Double(expected.lost - expected.gained), expected.balancedLoss) + Self.believed * unlike / 2
    return lost <= Self.mayLose * (Double(expected.count) + Self.believed)
  }

  private static let (believed, mayLose) = (200.0, 0.008)

  /// Whether heads are taken that learned from nothing but these samples. Base heads learned from many more.
  private func takesOwn(_ expected: PolicyOutcome, _ early: [Int]) -> Bool {
    zip(early, expected.exitShares).contains { index, share in
      share > 0 && !heads.outcomes[index].startsFromBase
        && heads.outcomes[index].trained.report.exit != heads.last.lastResort.exit
    }
  }

  /// Whether answers are like the last resort's but for the smallest share, with a confidence of 90 %: what the person's samples
  /// alone taught was seen to lose more than it saves otherwise.
  private func isLike(_ expected: PolicyOutcome) -> Bool {
    1 - lowerBound(expected.count - expected.unlike, of: expected.count, confidence: 0.9)
      <= PolicyGoal.carefullyUnlike
  }

  /// Whether stopping early takes noticeably less than the last resort alone, which asks no other head: what saves less than
  /// a fiftieth may as well cost that on another day.
  private func saves(_ expected: PolicyOutcome, _ costs: ExitCosts) -> Bool {
    let alone = costs.ruling.taking(costs.ruling.trunk.map { _ in false }).last ?? 1
    return (expected.meanTime ?? expected.meanCost) <= (1 - Self.noticeable) * alone
  }

  private static let noticeable = 0.02

  private func lastResort() throws -> LastResort {
    guard force, let deepest = heads.outcomes.last, !deepest.adds else { return heads.last.lastResort }
    return .head(at: deepest.trained.report.exit)
  }

  /// Whether the deepest head stands in front of the classifier.
  private var standsLast: Bool {
    heads.outcomes.last?.trained.report.exit
      == model.bundle.contents.trunk.exitPoints.last { !$0.isNamed }?.number
  }

  private func costs(_ taken: [TrainedHead], _ lastResort: LastResort) throws -> ExitCosts {
    let part = lastResort.asksClassifier ? heads.outcomes.first { $0.trained.report.exit == lastResort.exit } : nil
    return try ExitCosts(
      of: taken.map { ($0.report.exit, $0.head) }, in: model, withFinal: lastResort.asksClassifier,
      final: part.map { ($0.trained.report.exit, $0.trained.head) }, times: times)
  }
}
