import PexBundle
import PexHeads
import PexRuntime
import PexTensor

extension PersonalTraining {
  /// Trains a person's heads on features that are there.
  /// - Parameters:
  ///   - current: heads in use that new ones are held against; nil for those that are gone on from.
  ///   - tell: told the share of the heads' training that is done.
  func trainPerson(
    _ cache: TapCache, labels: [Int?], started: ContinuousClock.Instant, _ limits: TrainingLimits,
    against current: HeadSet?, tell: @escaping @Sendable (Double) -> Void
  ) throws -> Result {
    try requireOwnClass(labels)
    if request.ownClasses == .besideAll {
      return try trainBesideAll(cache, labels: labels, started: started, limits)
    }
    let clock = ContinuousClock()
    let lesson = try lesson(cache, labels: labels)
    try requireBranches(lesson.plans)
    let passed = clock.now
    var options = request.options
    options.refit = options.refit && !lesson.split.validation.isEmpty
    var trained = try PersonHeadTraining(
      model: session.model, cache: cache, lesson: lesson, options: options, limits: limits, threads: session.threads,
      mix: request.mix, tell: tell
    ).run(try alternatives(lesson))
    let done = clock.now
    let earlier = current ?? request.earlier
    var heads = trained.outcomes.map(\.trained)
    let successions = try settle(&heads, with: earlier, cache, lesson.assignment, lesson.split, names: lesson.names)
    for index in heads.indices {
      trained.outcomes[index].trained = heads[index]
      if successions.contains(where: { $0.exit == heads[index].report.exit && $0.keepsEarlier }) {
        trained.outcomes[index].isBase = false
      }
    }
    let policy = try PersonPolicy(
      heads: trained, lesson: lesson, goal: request.policyGoal, force: request.forcesHeads, model: session.model,
      times: try times(of: heads.map { ($0.report.exit, $0.head) }))
    let chosen = try policy.choose()
    try requireRisk(chosen.choice)
    let steps = heads.map(\.report.steps).reduce(0, +)
    let progress = try self.progress(
      from: earlier, cache, policy.samples, held: lesson.split.held, names: lesson.names,
      isExpected: chosen.expected != nil,
      new: (chosen.expected ?? chosen.choice?.outcome).map { PolicyProgress.Use(exits: chosen.exits, outcome: $0) })
    let headSeconds = seconds(passed, done)
    return Result(
      heads: chosen.heads, classes: lesson.names, prior: lesson.assignment.prior, supervision: lesson.supervision,
      isAgreement: lesson.assignment.teacher != nil && lesson.assignment.labels.contains { $0 == nil },
      policy: chosen.record, goal: chosen.goal, meetsGoal: chosen.choice?.meetsGoal ?? false,
      outcome: chosen.choice?.outcome, alignedExits: lesson.alignedExits, isShifted: lesson.isShifted, statistics: [],
      passes: cache.passes, skipped: [], labels: labels,
      gaps: ClassGaps(
        lesson.names, answers: lesson.assignment.answers, isTaught: lesson.assignment.isTaught, lesson.split),
      successions: successions, progress: progress,
      verdict: try BaseComparison(cache: cache, lesson: lesson, samples: policy.samples)
        .verdict(of: trained, isFlattered: isFlattered(lesson, successions)),
      expected: chosen.expected, split: lesson.split, fullMilliseconds: policy.fullMilliseconds,
      seconds: (seconds(started, passed), 0, headSeconds),
      stepMicroseconds: headSeconds * 1e6 / Double(max(steps, 1)) * Double(heads.count),
      lastResort: chosen.lastResort, notes: lesson.notes)
  }

  /// Other heads for the deepest exit, where nobody said which kind it should be: what differs in a person's pictures may show
  /// in earlier taps.
  private func alternatives(_ lesson: PersonLesson) throws -> [HeadPlan] {
    // What the classifier answers cannot choose between itself and a head that was moved away from it.
    guard request.kind == nil, request.earlier == nil, !lesson.replacesClassifier, let last = lesson.plans.last,
      !last.startsFromBase,
      last.specification.kind == .linear, lesson.plans.count > 1,
      lesson.plans.allSatisfy({ $0.specification.kind != .conv })
    else { return [] }
    let exits = lesson.plans.map(\.exit)
    guard
      var plan = try HeadPlan.all(
        session.model, exits: exits, kind: .multitap, classes: lesson.names, numbers: lesson.assignment.classes
      ).last
    else { return [] }
    plan.start = try classifierStart(plan, lesson.assignment.classes)
    return [plan]
  }

  /// Refuses to learn new classes of which there is no sample.
  func requireOwnClass(_ labels: [Int?]) throws {
    guard request.ownClasses != .besideKnown, !labels.contains(where: { $0.map(ownNumbers.contains) ?? false })
    else { return }
    throw PexError(
      .malformed, "there is no sample of a class of your own", hint: "give a folder of any other name with --data")
  }

  private func requireBranches(_ plans: [HeadPlan]) throws {
    guard let plan = plans.first(where: { $0.specification.kind == .branch && $0.branch == nil }) else { return }
    throw PexError(
      .usage, "the branch of exit \(plan.exit) is not trained",
      hint: "train base heads first, with --base, or choose another kind of head")
  }

  private func isFlattered(_ lesson: PersonLesson, _ successions: [HeadSuccession]) -> Bool {
    guard let plan = lesson.plans.last else { return false }
    return plan.goesOn || successions.contains { $0.exit == plan.exit && $0.keepsEarlier }
  }
}
