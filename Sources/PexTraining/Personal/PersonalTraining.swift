import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// Trains all heads of a person, or the base heads of a bundle, from samples to policy, with labels or without.
///
/// The trunk runs once for every sample and is never changed; heads train on what it gave.
public struct PersonalTraining {
  /// What a training is asked for.
  public struct Request: Sendable {
    /// Numbers of the exit points; nil for the bundle's exits.
    public var exits: [Int]?
    /// The kind of all heads; nil keeps each exit's.
    public var kind: HeadKind?
    /// Numbers of the classes among the base model's that the heads tell apart; nil for the labels' classes, and where
    /// there are no labels for those that ``ClassPrior`` finds.
    public var classes: [Int]?
    /// Whether the classes are found by ``ClassPrior`` even where there are labels, whose classes are added.
    public var estimatesClasses = false
    /// What heads learn from; nil for what the data allows.
    public var supervision: Supervision?
    /// The temperature at which heads are compared with the original classifier; see ``Teacher``.
    public var temperature: Float = 2
    /// The original classifier's part for samples with a label, when both are learned from; see ``Teacher``.
    public var mix: Float = 0.5
    /// How heads are trained.
    public var options = TrainingOptions()
    /// How pictures are changed while branches are trained; nothing else is trained on changed pictures.
    public var augmentation = Augmentation()
    /// What the policy is chosen for. Without labels accuracy means agreement with the original classifier. Nil: for answers
    /// like the last resort's (``PolicyGoal/faithful(unlike:)``), or nearly as good as the best exit's for base heads, which serve
    /// everybody (``PolicyGoal/nearBest``).
    public var policyGoal: PolicyGoal?
    var goal: PolicyGoal { policyGoal ?? (isBase ? .nearBest : .faithful(unlike: PolicyGoal.carefullyUnlike)) }
    /// Keeps what the ways to heads take on this machine, by which policies are then chosen; nil: costs are multiply-accumulates,
    /// and no latency can be asked for.
    public var times: (any TimeKeeper)?
    /// Where features are kept.
    public var storage = FeatureStorage()
    /// Heads to go on from. None of them is replaced by one that is worse; see ``HeadSuccession``.
    public var earlier: HeadSet?
    /// Whether the heads become the bundle's: the final classifier then stays the last resort.
    public var isBase = false
    /// Names of all classes that labels may speak of: the bundle's, and behind them those of the person's own; of a model
    /// without a classifier and labels whatever the person calls them.
    public var classNames: [String] = []
    /// What becomes of the model's classes beside those of the person's own.
    public var ownClasses = OwnClassUse.besideKnown
    /// Whether the deepest head answers last, and all heads are written, whatever held-out samples say.
    public var forcesHeads = false

    /// The defaults.
    public init() {}
  }

  /// Which of the model's classes the heads know beside classes of the person's own.
  public enum OwnClassUse: Hashable, Sendable {
    /// Those that there are samples of.
    case besideKnown
    /// None: samples of them are left out.
    case alone
    /// All of them, whose answers stay as they are.
    case besideAll
  }

  /// What a training gave.
  public struct Result: Sendable {
    /// The heads, by depth.
    public var heads: [TrainedHead]
    /// Names of the heads' classes, in the order of their logits.
    public var classes: [String]
    /// How often the person meets each of them, when that was estimated.
    public var prior: [Float]?
    /// What the heads learned from.
    public var supervision: Supervision
    /// Whether figures on held-out samples are agreement with the original classifier, at least for some samples, rather
    /// than accuracy.
    public var isAgreement: Bool
    /// When to stop; nil when there were too few samples to choose a threshold.
    public var policy: PolicyRecord?
    /// What the policy was chosen for.
    public var goal: PolicyGoal
    /// Whether the held-out samples vouch for what the policy was chosen for.
    public var meetsGoal: Bool
    /// What the policy comes to on the held-out samples that chose it.
    public var outcome: PolicyOutcome?
    /// Exits whose base head, or the classifier in its place, was first brought to where the person's features lie; see
    /// ``FeatureAlignment``.
    public var alignedExits: [Int]
    /// Whether the person's pictures differ so much from those that the model learned from that the deepest base head,
    /// aligned, taught instead of the original classifier.
    public var isShifted: Bool
    /// What features look like at the exits, for bundles whose base heads these are.
    public var statistics: [ExitStatistics]
    /// How many samples the trunk ran for; the features of the others were there already.
    public var passes: Int
    /// What was left out, in the order of the samples.
    public var skipped: [UnreadableSample]
    /// Copies among the samples, one of which stands for all, by the samples' numbers.
    public var copies = SampleGroups()
    /// The labels of all other samples, as numbers among all classes.
    public var labels: [Int?]
    /// What is not known of the classes for want of samples.
    public var gaps: ClassGaps
    /// How new heads did against earlier ones of the same exits and classes.
    public var successions: [HeadSuccession]
    /// The earlier policy and the new one on the same samples; nil where there was none, or nothing to measure it on.
    public var progress: PolicyProgress?
    /// What the person gains from what; nil for base heads.
    public var verdict: Verdict?
    /// What a policy chosen like this comes to on held-out samples that chose nothing of it; see
    /// ``Swift/Array/expectedOutcome(_:costs:last:goal:closesExits:before:)``.
    public var expected: PolicyOutcome?
    /// Which samples trained, chose and measured.
    public var split: Split
    /// Milliseconds of the whole model on this machine, where times were measured.
    public var fullMilliseconds: Double?
    /// Seconds for the pass over the trunk, for branches with the passes that they need, and for the heads.
    public var seconds: (features: Double, branches: Double, heads: Double)
    /// Microseconds of one optimiser step, all heads together.
    public var stepMicroseconds: Double
    /// How branches trained, where that was taken down.
    public var branchLosses: [BranchLosses] = []
    /// What answers when no exit was sure enough; nil for base heads.
    public var lastResort: LastResort?
    /// What was left out or assumed, one line each.
    public var notes: [String] = []
  }

  let session: Session
  let request: Request

  /// A training in a session of the bundle.
  public init(_ session: Session, _ request: Request) {
    self.session = session
    self.request = request
  }

  /// Trains.
  /// - Parameters:
  ///   - limits: when to end before everything is done.
  ///   - progress: told how far it has come, phase by phase.
  /// - Throws: ``PexError``: (malformed) for fewer than two samples, one class, fewer samples than classes where no base
  ///   head knows the others, numbers that are not finite, samples none of which can be read, or when
  ///   labels are missing and the model has no classifier; (usage) for exits or options that do not exist, or when the
  ///   features need more memory than is allowed. `CancellationError` when it is cancelled.
  public func run(
    _ samples: TrainingSamples, limits: TrainingLimits = TrainingLimits(),
    progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) throws -> Result {
    let supervision = try supervision(of: samples.labels)
    let started = ContinuousClock.now
    var cache = try TapCache(
      session, try columns(supervision), samples, storage: request.storage, limits: limits,
      progress: { progress(.features(done: $0)) })
    let copies = try cache.leaveOutCopies(labels: samples.labels, limits)
    let skipped = cache.unreadable.sorted { $0.key < $1.key }.map(\.value)
    try requireClasses(of: samples, unreadable: cache.unreadable)
    do {
      var result = try train(
        cache, of: samples, labels: cache.kept.map { samples.labels[$0] }, started: started, limits, progress: progress)
      (result.skipped, result.copies) = (skipped, copies)
      return result
    } catch let error as PexError {
      // What is wrong with the others may be that these are missing.
      let error = copies.explaining(error)
      guard let first = skipped.first else { throw error }
      let rest = "\(skipped.count) of \(samples.count) samples cannot be read; the first: \(first.reason.message)"
      throw PexError(error.kind, "\(error.message) (\(rest))", hint: error.hint)
    }
  }

  /// What is kept of every sample.
  /// - Parameter supervision: nil when it will be known later.
  func columns(_ supervision: Supervision?) throws -> [TapColumn] {
    let provisional = try provisionalPlans()
    let asksClassifier = supervision?.asksClassifier ?? true || request.estimatesClasses
    return try request.columns(
      for: provisional,
      wantsFinal: !request.isBase || asksClassifier,
      session.model)
  }

  /// What heads learn from, when everything that was asked for is sound.
  func supervision(of labels: [Int?]) throws -> Supervision {
    try request.options.validate()
    try request.goal.validate()
    let supervision = request.supervision ?? .allowed(by: labels)
    try check(supervision, labels)
    if case .risk(let risk) = request.goal { try RiskControl.require(labels.count, for: risk) }
    if case .latency = request.goal, request.times == nil {
      throw PexError(.usage, "a latency is aimed at, and times are not to be measured")
    }
    return supervision
  }

  /// The heads before anybody knows of which classes.
  func provisionalPlans() throws -> [HeadPlan] {
    try plans(of: Array(classNames.indices.prefix(1)), classNames)
  }

  /// The bundle's names and those of the person's own classes.
  var classNames: [String] {
    guard let known = session.model.bundle.contents.classNames else { return request.classNames }
    return request.classNames.starts(with: known) ? request.classNames : known
  }

  /// Numbers of the classes that the model lacks.
  var ownNumbers: Range<Int> {
    let known = session.model.bundle.contents.trunk.classCount ?? session.model.bundle.contents.labels?.count ?? 0
    return min(known, classNames.count)..<classNames.count
  }

  /// Trains on features that are there.
  /// - Parameters:
  ///   - source: where the samples of the cache come from, to train branches on; nil when nothing but the cache is there.
  ///   - current: heads in use that new ones are held against; nil for those that are gone on from.
  func train(
    _ cache: TapCache, of source: TrainingSamples? = nil, labels: [Int?], started: ContinuousClock.Instant,
    _ limits: TrainingLimits, against current: HeadSet? = nil,
    progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) throws -> Result {
    guard request.isBase else {
      return try trainPerson(
        cache, labels: labels, started: started, limits, against: current, tell: { progress(.heads(share: $0)) })
    }
    let supervision = try supervision(of: labels)
    let (classNames, clock) = (classNames, ContinuousClock())
    let assignment = try Assignment(
      request, supervision, labels: labels, count: classNames.count, logits: cache.finalLogits)
    var plans = try plans(of: assignment.classes, classNames)
    let answers = assignment.answers
    try checkCount(of: labels, plans, assignment)
    let split = try split(plans, answers)
    if case .risk(let risk) = request.goal { try RiskControl.require(split.held.count, for: risk) }
    var cache = cache
    let passed = clock.now
    let branchLosses =
      try source.map { try trainBranches(&plans, &cache, $0, assignment, split, limits, progress) } ?? []
    let cached = clock.now
    let tasks = try plans.map { plan in
      HeadTask(
        exit: plan.exit, specification: plan.specification,
        samples: try cache.samples(for: plan, labels: assignment.labels), base: plan.start,
        teacher: assignment.teacher, prior: assignment.prior)
    }
    var heads = try HeadTrainer.trainAll(
      tasks, split: split, options: request.options, threads: session.threads, limits: limits,
      progress: { progress(.heads(share: $0)) })
    for index in heads.indices { heads[index].head = try heads[index].head.reading(plans[index].read) }
    let trained = clock.now
    let last =
      try replacesFinal(plans)
      ? nil
      : cache.finalLogits.map { try finalPredictions($0, rows: split.held, assignment) }
    let policySamples = try PolicySamples(split, answers: answers, labels: assignment.labels)
    let times = try times(of: heads.map { ($0.report.exit, $0.head) })
    let costs = try ExitCosts(
      of: heads.map { ($0.report.exit, $0.head) }, in: session.model, withFinal: last != nil, times: times)
    let gaps = ClassGaps(
      assignment.classes.map { classNames[$0] }, answers: answers, isTaught: assignment.isTaught, split)
    // On samples of some classes heads that know no others look better than the classifier that knows all.
    let isPartial = request.policyGoal == nil && hasClassifier && !gaps.unseen.isEmpty
    let expected =
      isPartial
      ? nil
      : try heads.expectedOutcome(policySamples, costs: costs, last: last, goal: request.goal, closesExits: false)
    let choice =
      isPartial
      ? nil
      : try heads.choosePolicy(policySamples, costs: costs, last: last, goal: request.goal, closesExits: false)
    if isPartial { for index in heads.indices { heads[index].report.enabled = false } }
    try requireRisk(choice)
    let steps = heads.map(\.report.steps).reduce(0, +)
    let headSeconds = seconds(cached, trained)
    return Result(
      heads: heads, classes: assignment.classes.map { classNames[$0] }, prior: assignment.prior,
      supervision: supervision,
      isAgreement: assignment.teacher != nil && assignment.labels.contains { $0 == nil },
      policy: choice.map { PolicyRecord(.confidence, $0.threshold) },
      goal: request.goal, meetsGoal: choice?.meetsGoal ?? false, outcome: choice?.outcome,
      alignedExits: [], isShifted: false, statistics: try statistics(cache, plans, assignment),
      passes: cache.passes, skipped: [], labels: labels,
      gaps: gaps, successions: [], progress: nil, verdict: nil,
      expected: expected, split: split, fullMilliseconds: costs.fullMilliseconds,
      seconds: (seconds(started, passed), seconds(passed, cached), headSeconds),
      stepMicroseconds: headSeconds * 1e6 / Double(max(steps, 1)) * Double(heads.count), branchLosses: branchLosses)
  }

  /// The statistics of every exit's features, by the samples' labels or what the classifier says they are.
  private func statistics(_ cache: TapCache, _ plans: [HeadPlan], _ assignment: Assignment) throws -> [ExitStatistics] {
    let answers = assignment.answers
    let rows = answers.indices.filter { answers[$0] != nil }
    return try plans.map { plan in
      let table = try cache.own(plan).picking(rows)
      let labels = rows.compactMap { row in answers[row].map { assignment.classes[$0] } }
      let classes = session.model.bundle.contents.classNames?.count ?? request.classNames.count
      return ExitStatistics(exit: plan.exit, try FeatureStatistics(of: table, labels: labels, classes: classes))
    }
  }

  /// Refuses what cannot be learned from, before the trunk runs.
  private func check(_ supervision: Supervision, _ labels: [Int?]) throws {
    let present = Set(labels.compactMap { $0 })
    try requireOwnClass(labels)
    if let classes = request.classes, !request.estimatesClasses, !present.isSubset(of: classes) {
      let names = classNames
      let strangers = present.subtracting(classes).sorted().map { names.indices.contains($0) ? names[$0] : "\($0)" }
      throw PexError(
        .malformed,
        "there are samples of classes that the heads are not to know: \(strangers.prefix(12).joined(separator: ", "))",
        hint: "name these classes, too, or leave their samples out")
    }
    guard hasClassifier || !(supervision.asksClassifier || request.estimatesClasses) else {
      throw PexError(
        .malformed, "there are samples without labels, and the model has no classifier that could stand in",
        hint: "give labelled samples with --data")
    }
    guard supervision != .labels || present.count >= 2 || request.ownClasses == .besideAll && !present.isEmpty else {
      throw PexError(
        .malformed,
        present.isEmpty
          ? "none of \(labels.count) samples has a label" : "all \(labels.count) samples belong to one class",
        hint: hasClassifier && !present.isEmpty && present.allSatisfy(ownNumbers.contains)
          ? "training needs at least two classes; --classes all+own adds one of your own to all of the model's"
          : "training needs at least two classes")
    }
  }

  func plans(of classes: [Int], _ names: [String]) throws -> [HeadPlan] {
    try HeadPlan.all(
      session.model, exits: request.exits, kind: request.kind, classes: classes.map { names[$0] }, numbers: classes,
      earlier: request.earlier)
  }

  var hasClassifier: Bool { session.model.bundle.graph.classifier.map { $0.kind != .none } ?? false }

  /// Whether the deepest head takes the final classifier's place: it stands on the last exit point.
  func replacesFinal(_ plans: [HeadPlan]) -> Bool {
    guard !request.isBase else { return false }
    guard hasClassifier else { return true }
    let last = session.model.bundle.contents.trunk.exitPoints.last { !$0.isNamed }?.number
    return plans.last?.exit == last
  }

  /// What the final classifier says, limited to the heads' classes.
  private func finalPredictions(_ logits: LogitTable, rows: [Int], _ assignment: Assignment) throws -> Predictions {
    let own = try LogitTable(classes: logits.classes, values: rows.flatMap { Array(logits.row($0)) })
    return Predictions(try own.limited(to: assignment.classes, prior: assignment.prior))
  }

  /// Nearly all samples choose the policy where heads train in no time; convolutions are too dear to be trained once more
  /// for every part, and of many samples those held out are enough. A branch has seen all samples that train base heads.
  func split(_ plans: [HeadPlan], _ answers: [Int?]) throws -> Split {
    let (options, labels) = (request.options, answers)
    let split = try Split.stratified(labels: labels, fraction: options.validation, seed: options.seed)
    guard split.training.count < Schedule.manySamples,
      plans.allSatisfy({ $0.specification.kind != .conv && !(request.isBase && $0.specification.branch != nil) })
    else { return split }
    return try split.crossFitted(labels: labels, seed: options.seed)
  }

  /// A promise that nobody can keep is not written.
  func requireRisk(_ choice: ThresholdChoice?) throws {
    guard case .risk(let risk) = request.goal, let choice, !choice.meetsGoal else { return }
    throw RiskControl.refusal(risk: risk, accuracy: choice.outcome.accuracy, of: choice.count)
  }

  /// What the ways to some heads take on this machine; nil when nobody wants to know.
  func times(of heads: [ExitCosts.Place]) throws -> TimeProfile? {
    try request.times?.times(of: heads)
  }

  func seconds(_ from: ContinuousClock.Instant, _ to: ContinuousClock.Instant) -> Double {
    Double(from.duration(to: to).nanoseconds) / 1e9
  }
}

extension PersonalTraining.Result {
  /// The heads as a file for one person: what a policy takes or the last resort asks; base heads by name alone.
  /// - Parameter origin: what the file tells of itself besides what was measured.
  /// - Throws: ``PexError`` (defect) when an exit point does not exist.
  public func headFile(
    for contents: BundleContents, producer: String, origin: HeadFileOrigin? = nil
  ) throws -> HeadFile {
    let written = heads.filter(\.isWritten)
    let personal = try written.filter { !$0.isBase }.map { trained in
      try PersonalHead(
        trained.head, for: contents.trunk, exit: trained.report.exit, threshold: trained.report.threshold,
        isEnabled: trained.report.enabled || trained.report.exit == lastResort?.exit)
    }.sorted { $0.exit < $1.exit }
    let base = try written.filter(\.isBase).map { trained in
      try BaseHeadUse(
        try contents.head(at: trained.report.exit), for: contents.trunk, exit: trained.report.exit,
        temperature: trained.head.temperature, threshold: trained.report.threshold)
    }.sorted { $0.exit < $1.exit }
    return try HeadFile(
      for: contents, classes: classes, prior: prior, heads: personal, baseHeads: base, lastResort: lastResort,
      policy: policy, producer: producer, origin: origin.map(told))
  }

  /// An origin with the figures of this training.
  private func told(_ origin: HeadFileOrigin) -> HeadFileOrigin {
    var origin = origin
    (origin.samples, origin.labelled) = (labels.count, labels.count { $0 != nil })
    if let difference = verdict?.difference(.training) {
      origin.measured = .init(
        figure: isAgreement ? "agreement" : "accuracy", samples: difference.count, before: difference.before,
        after: difference.after, gain: difference.interval, cost: (expected ?? outcome)?.meanCost ?? 0)
    }
    return origin
  }

  /// The bundle's contents with these heads as its base heads, and their policy when there are no other trained heads.
  /// The trunk stays as it is, byte for byte. Where the bundle has neither a classifier nor labels, the heads' classes become
  /// its labels.
  /// - Throws: ``PexError`` (malformed) when untrained heads cannot have so many classes.
  public func contents(from contents: BundleContents) throws -> BundleContents {
    var result = contents
    if result.classNames == nil {
      result.labels = classes
      result.exits = try result.exits.map { try $0.parameters == nil ? $0.untrained(classes: classes.count) : $0 }
    }
    for trained in heads {
      result.exits.removeAll { $0.exit == trained.report.exit }
      result.exits.append(
        ExitRecord(exit: trained.report.exit, head: trained.head, threshold: trained.report.threshold))
    }
    result.exits.sort { $0.exit < $1.exit }
    result.statistics.removeAll { old in statistics.contains { $0.exit == old.exit } }
    result.statistics = (result.statistics + statistics).sorted { $0.exit < $1.exit }
    // A policy that was chosen without the other trained heads would never reach them.
    let chosen = Set(heads.map(\.report.exit))
    if result.exits.allSatisfy({ $0.parameters == nil || chosen.contains($0.exit) }) { result.policy = policy }
    return result
  }
}
