import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// Trains all heads of a person, or the base heads of a bundle, from samples to policy.
///
/// The trunk runs once for every sample and is never changed; heads train on what it gave.
public struct PersonalTraining {
  /// What a training is asked for.
  public struct Request {
    /// Numbers of the exit points; nil for the bundle's exits.
    public var exits: [Int]?
    /// The kind of all heads; nil keeps each exit's.
    public var kind: HeadKind?
    /// Numbers of the classes among the base model's that the heads tell apart; nil for the labels' classes.
    public var classes: [Int]?
    /// How heads are trained.
    public var options = TrainingOptions()
    /// The accuracy that the policy keeps; see ``ThresholdChoice/choose(exits:enabled:labels:costs:target:)``.
    public var targetAccuracy: Double?
    /// Heads to go on from.
    public var earlier: HeadSet?
    /// Whether the heads become the bundle's: the final classifier then stays the last resort.
    public var isBase = false
    /// Names of all classes that labels may speak of, when the bundle names none: a model without a classifier.
    public var classNames: [String] = []

    /// The defaults.
    public init() {}
  }

  /// What a training gave.
  public struct Result: Sendable {
    /// The heads, by depth.
    public var heads: [TrainedHead]
    /// Names of the heads' classes, in the order of their logits.
    public var classes: [String]
    /// When to stop; nil when there were too few samples to choose a threshold.
    public var policy: PolicyRecord?
    /// What the policy comes to on the held-out samples that chose it.
    public var outcome: PolicyOutcome?
    /// Seconds for the pass over the trunk and for the heads.
    public var seconds: (features: Double, heads: Double)
    /// Microseconds of one optimiser step, all heads together.
    public var stepMicroseconds: Double
  }

  private let session: Session
  private let request: Request

  /// A training in a session of the bundle.
  public init(_ session: Session, _ request: Request) {
    self.session = session
    self.request = request
  }

  /// Trains.
  /// - Parameter progress: called after every sample of the pass over the trunk with how many are done.
  /// - Throws: ``PexError``: (malformed) for fewer than two samples, one class or numbers that are not finite, (usage)
  ///   for exits or options that do not exist.
  public func run(_ samples: TrainingSamples, progress: (Int) -> Void = { _ in }) throws -> Result {
    try request.options.validate()
    let present = Set(samples.labels.compactMap { $0 }).sorted()
    guard present.count >= 2 else {
      throw PexError(
        .malformed, "all \(samples.count) samples belong to one class", hint: "training needs at least two classes")
    }
    let names = session.model.bundle.contents.classNames ?? request.classNames
    let classes = request.classes ?? (request.isBase ? Array(names.indices) : present)
    guard classes.allSatisfy(names.indices.contains) else {
      throw PexError(.malformed, "labels go beyond the \(names.count) classes that the bundle knows")
    }
    let classNames = classes.map { names[$0] }
    let numbers = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
    guard present.allSatisfy({ numbers[$0] != nil }) else {
      throw PexError(.malformed, "there are samples of classes that the heads are not to know")
    }
    let labels = samples.labels.map { $0.flatMap { numbers[$0] } }
    let plans = try HeadPlan.all(
      session.model, exits: request.exits, kind: request.kind, classes: classNames, numbers: classes,
      earlier: request.earlier)
    let split = try Split.stratified(
      labels: labels, fraction: request.options.validation, seed: request.options.seed)
    let clock = ContinuousClock()
    let started = clock.now
    let cache = try TapCache(
      session, plans, samples, labels: labels, wantsFinal: !replacesFinal(plans), progress: progress)
    let cached = clock.now
    let tasks = zip(plans, cache.samples).map { plan, samples in
      HeadTask(exit: plan.exit, specification: plan.specification, samples: samples, base: plan.start)
    }
    var heads = try HeadTrainer.trainAll(tasks, split: split, options: request.options, threads: session.threads)
    let trained = clock.now
    let held = split.validation.compactMap { labels[$0] }
    let last = try cache.finalLogits.map { try finalPredictions($0, rows: split.validation, classes) }
    let choice = try heads.choosePolicy(
      labels: held, costs: costs(heads, last != nil), last: last, target: request.targetAccuracy)
    let steps = heads.map(\.report.steps).reduce(0, +)
    let headSeconds = seconds(cached, trained)
    return Result(
      heads: heads, classes: classNames, policy: choice.map { PolicyRecord(.confidence, $0.common) },
      outcome: choice?.commonOutcome, seconds: (seconds(started, cached), headSeconds),
      stepMicroseconds: headSeconds * 1e6 / Double(max(steps, 1)) * Double(heads.count))
  }

  /// Whether the deepest head takes the final classifier's place: it stands on the last exit point.
  private func replacesFinal(_ plans: [HeadPlan]) -> Bool {
    guard !request.isBase else { return false }
    guard let classifier = session.model.bundle.graph.classifier, classifier.kind != .none else { return true }
    let last = session.model.bundle.contents.trunk.exitPoints.last { !$0.isNamed }?.number
    return plans.last?.exit == last
  }

  /// What the final classifier says, limited to the heads' classes.
  private func finalPredictions(_ logits: LogitTable, rows: [Int], _ classes: [Int]) throws -> Predictions {
    let limited = rows.flatMap { row -> [Float] in
      let all = Array(logits.row(row))
      return classes.map { all.indices.contains($0) ? all[$0] : -.greatestFiniteMagnitude }
    }
    return Predictions(try LogitTable(classes: classes.count, values: limited))
  }

  /// Shares of the trunk's multiply-accumulates up to each exit, with every enabled head on the way.
  private func costs(_ heads: [TrainedHead], _ withFinal: Bool) -> [Double] {
    let total = Double(max(session.model.cost.multiplyAccumulates, 1))
    var onTheWay = 0
    var costs = heads.map { head in
      onTheWay += head.head.specification.multiplyAccumulates
      return session.model.prefixShare(.exit(head.report.exit)) + Double(onTheWay) / total
    }
    if withFinal { costs.append(1 + Double(onTheWay) / total) }
    return costs
  }

  private func seconds(_ from: ContinuousClock.Instant, _ to: ContinuousClock.Instant) -> Double {
    Double(from.duration(to: to).nanoseconds) / 1e9
  }
}

extension PersonalTraining.Result {
  /// The heads as a file for one person.
  /// - Throws: ``PexError`` (defect) when an exit point does not exist.
  public func headFile(for contents: BundleContents, producer: String) throws -> HeadFile {
    let personal = try heads.map { trained in
      try PersonalHead(
        trained.head, for: contents.trunk, exit: trained.report.exit, threshold: trained.report.threshold,
        isEnabled: trained.report.enabled)
    }.sorted { $0.exit < $1.exit }
    return try HeadFile(
      for: contents, classes: classes, heads: personal, policy: policy, producer: producer)
  }

  /// The bundle's contents with these heads as its base heads, and their policy when there are no other trained heads.
  /// The trunk stays as it is, byte for byte.
  public func contents(from contents: BundleContents) -> BundleContents {
    var result = contents
    for trained in heads {
      result.exits.removeAll { $0.exit == trained.report.exit }
      result.exits.append(
        ExitRecord(exit: trained.report.exit, head: trained.head, threshold: trained.report.threshold))
    }
    result.exits.sort { $0.exit < $1.exit }
    // A policy that was chosen without the other trained heads would never reach them.
    let chosen = Set(heads.map(\.report.exit))
    if result.exits.allSatisfy({ $0.parameters == nil || chosen.contains($0.exit) }) { result.policy = policy }
    return result
  }
}
