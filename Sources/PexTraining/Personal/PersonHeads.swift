import CPexKernels
import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// A person's heads as they were trained, and what answers last.
struct PersonHeads {
  /// By depth.
  var outcomes: [DepartureTask.Outcome]
  /// What answers when no exit was sure enough.
  let last: LastResortChoice.Candidate
  /// What samples were to be answered, as the last head learned it.
  let targets: DepartureTargets
}

/// Trains a person's heads: the last one first, since what the earlier ones learn beside the labels is what answers last.
struct PersonHeadTraining {
  let model: Model
  let cache: TapCache
  let lesson: PersonLesson
  let options: TrainingOptions
  let limits: TrainingLimits
  let threads: Int
  /// The part of what answers last in what samples with a label teach the earlier heads.
  let mix: Float
  /// Told the share of the training that is done, from whichever thread trains.
  let tell: @Sendable (Double) -> Void

  /// Trains all of them.
  /// - Parameter alternatives: other plans for the deepest exit: held-out samples choose among them.
  func run(_ alternatives: [HeadPlan]) throws -> PersonHeads {
    let targets = self.targets(teacher: lesson.assignment.isTaught ? taught : nil)
    let deepest = deepestWays(alternatives)
    let early = lesson.plans.dropLast().map { Way(plan: $0) }
    let progress = HeadProgress(heads: deepest.count + early.count, tell: tell)
    let candidates = try outcomes(deepest, targets, progress)
    let (outcome, last) = try chosen(candidates, targets)
    let earlyTargets = self.targets(teacher: try teacher(last))
    let outcomes = try self.outcomes(early, earlyTargets, progress)
    return PersonHeads(outcomes: outcomes + [outcome], last: last, targets: targets)
  }

  private func targets(teacher: [Float]?) -> DepartureTargets {
    DepartureTargets(
      answers: lesson.assignment.answers, labels: lesson.assignment.labels, classes: lesson.names.count,
      teacher: teacher, mix: mix, prior: lesson.assignment.prior,
      balances: lesson.assignment.labels.contains { $0 != nil })
  }

  /// What the classifier tells all samples.
  private var taught: [Float]? {
    lesson.assignment.teacher.map { $0.isHard ? $0.logits.hardened : $0.logits.probabilities }
  }

  /// How a head is trained.
  private struct Way {
    let plan: HeadPlan
    /// The logits that the head's are added to; nil when it answers alone.
    var addsTo: LogitTable?
    /// Whether it reads nothing but averages, in their own proportions.
    var readsAverages = false
  }

  /// The deepest exit's heads: in the classifier's place, or beside it where its last layer is none that a head could start as.
  ///
  /// Of classes that the model lacks few samples tell, so there they are trained on averages in their own proportions as well:
  /// the directions in which these vary most are those that the model learned to tell things apart by, and standardised features
  /// make all directions alike (CIFAR-100, five new classes of five samples: six points worse). These ways come first: they
  /// answer where nothing was held out to choose by.
  private func deepestWays(_ alternatives: [HeadPlan]) -> [Way] {
    let ways = (lesson.plans.suffix(1) + alternatives).map { plan in
      Way(plan: plan, addsTo: plan.start == nil && isLinear(plan) ? lesson.told : nil)
    }
    let (alone, beside) = (ways.filter { $0.addsTo == nil }, ways.filter { $0.addsTo != nil })
    guard !lesson.knowsAll else { return alone + beside }
    let proportionate = ways.filter { way in
      way.plan.specification.kind == .linear && way.plan.start == nil && (way.addsTo != nil || trainsDepartures)
    }
    return proportionate.map { Way(plan: $0.plan, addsTo: $0.addsTo, readsAverages: true) } + alone + beside
  }

  /// Whether linear heads are the exact minimum for the samples, rather than trained by steps.
  private var trainsDepartures: Bool {
    !options.asksForSteps && lesson.split.training.count < Schedule.manySamples
  }

  /// Which head of the deepest exit is kept, and what answers last.
  private func chosen(
    _ candidates: [DepartureTask.Outcome], _ targets: DepartureTargets
  ) throws -> (DepartureTask.Outcome, LastResortChoice.Candidate) {
    guard let first = candidates.first else { throw PexError(.defect, "no head at the deepest exit") }
    let best = candidates.dropFirst().reduce(first) { best, other in
      mean(other.losses) < mean(best.losses) ? other : best
    }
    let held = lesson.split.held
    let told =
      try lesson.knowsAll && !lesson.replacesClassifier
      ? lesson.told.map { LastResortChoice.Candidate(lastResort: .classifierAlone, logits: try $0.selected(held)) }
      : nil
    let own = try candidate(best)
    var others = [own]
    // Their mean errs less than each where they were trained apart.
    if let told, own.lastResort == .head(at: best.trained.report.exit) {
      let values = zip(told.logits.values, own.logits.values).map { ($0 + $1) / 2 }
      others.append(
        .init(
          lastResort: .mean(at: best.trained.report.exit),
          logits: try LogitTable(classes: told.logits.classes, values: values, prior: told.logits.prior)))
    }
    return (best, try LastResortChoice(targets: targets, held: held).best(told: told, others))
  }

  private func mean(_ losses: [Double]) -> Double {
    losses.isEmpty ? .infinity : losses.reduce(0, +) / Double(losses.count)
  }

  /// The head as the last resort, with calibrated logits.
  private func candidate(_ outcome: DepartureTask.Outcome) throws -> LastResortChoice.Candidate {
    let (held, exit) = (outcome.trained.heldLogits, outcome.trained.report.exit)
    let logits = try LogitTable(
      classes: held.classes, values: held.values.map { $0 / outcome.trained.report.temperature }, prior: held.prior)
    return .init(lastResort: outcome.adds ? .sum(at: exit) : .head(at: exit), logits: logits)
  }

  /// Probabilities of what answers last, for every sample: of held-out samples by what did not train on them, of others by the
  /// classifier.
  private func teacher(_ last: LastResortChoice.Candidate) throws -> [Float]? {
    let (classes, count) = (lesson.names.count, lesson.assignment.answers.count)
    var teacher = lesson.told?.probabilities
    if teacher == nil {
      // Nothing but labels is known of samples that nobody held out.
      teacher = lesson.assignment.answers.flatMap { answer in (0..<classes).map { $0 == answer ? 1 : 0 } }
    }
    guard var teacher, teacher.count == classes * count else { return nil }
    let held = last.logits.probabilities
    for (position, sample) in lesson.split.held.enumerated() {
      teacher.replaceSubrange(
        sample * classes..<(sample + 1) * classes, with: held[position * classes..<(position + 1) * classes])
    }
    return teacher
  }

  private func isLinear(_ plan: HeadPlan) -> Bool {
    [.linear, .multitap, .branch].contains(plan.specification.kind)
  }

  /// Trains heads, each on one thread.
  private func outcomes(
    _ ways: [Way], _ targets: DepartureTargets, _ progress: HeadProgress
  ) throws -> [DepartureTask.Outcome] {
    let pool = try ThreadPool(threads: max(1, min(threads, ways.count)))
    return try pool.results(ways.count) { _, index in
      // Weights that no longer move would become denormal, which is slow.
      let state = pex_flush_denormals()
      defer { pex_restore_denormals(state) }
      let report = progress.begin()
      defer { report(1) }
      return try outcome(
        ways[index], targets, limits.share(of: ways.count - index, workers: pool.threads).reporting(report))
    }.map { try $0.get() }
  }

  private func outcome(
    _ way: Way, _ targets: DepartureTargets, _ limits: TrainingLimits
  ) throws -> DepartureTask.Outcome {
    let (plan, addsTo) = (way.plan, way.addsTo)
    let samples = try cache.samples(for: plan, labels: lesson.assignment.labels)
    var outcome: DepartureTask.Outcome
    if case .features(let table) = samples, isLinear(plan), addsTo != nil || trainsDepartures {
      outcome = try naming(table.tap) {
        try DepartureTask(
          exit: plan.exit, specification: plan.specification, table: table, start: plan.start, addsTo: addsTo,
          moving: addsTo == nil || lesson.knowsAll ? nil : lesson.isOwn,
          averages: way.readsAverages ? plan.specification.channels : nil, stays: staysAsItIs(plan)
        ).run(targets, lesson.split, options, limits)
      }
    } else {
      let assignment = lesson.assignment
      let trained = try HeadTrainer.train(
        exit: plan.exit, specification: plan.specification, samples: samples, base: plan.start,
        teacher: assignment.teacher, prior: assignment.prior, general: try general(plan), split: lesson.split,
        options: options, limits: limits)
      outcome = try DepartureTask.Outcome(trained, from: plan.start, targets, lesson.split.held)
    }
    outcome.trained.head = try outcome.trained.head.reading(plan.read)
    outcome.startsFromBase = plan.startsFromBase
    outcome.isBase = outcome.stays && plan.startsFromBase && outcome.trained.head.specification == plan.specification
    return outcome
  }

  /// Without labels the deepest head has nothing to learn but what the classifier says, and many classes cost more than the
  /// earlier ones could gain.
  private func staysAsItIs(_ plan: HeadPlan) -> Bool {
    let hasLabels = lesson.assignment.labels.contains { $0 != nil }
    return !hasLabels && (plan.exit == lesson.plans.last?.exit || lesson.names.count > Self.mostClassesWithoutLabels)
  }

  private static let mostClassesWithoutLabels = 50

  /// What the bundle knows about a prototype head's features.
  private func general(_ plan: HeadPlan) throws -> GeneralFeatures? {
    guard plan.specification.kind == .prototype else { return nil }
    let known = model.bundle.contents.statistics.first { $0.exit == plan.exit }
    return try known.map { known in
      GeneralFeatures(
        try known.checked().prefix(plan.specification.ownFeatureCount),
        classes: lesson.assignment.classes.map { $0 < known.classes ? $0 : nil })
    }
  }
}

extension LogitTable {
  /// `softmax(logits + log(prior))` of every row.
  var probabilities: [Float] { (0..<count).flatMap { softmax(Array(row($0)), prior: prior) } }

  /// 1 for the most probable class of every row.
  var hardened: [Float] {
    Predictions(self).classes.flatMap { best in (0..<classes).map { $0 == best ? 1 : 0 } }
  }
}

extension TrainingOptions {
  /// Whether something was said that only training by steps can follow.
  var asksForSteps: Bool {
    epochs != nil || batch != nil || learningRate != nil || optimizer != .adam || weightDecay != nil
  }
}
