import PexHeads
import PexTensor

/// Trains one head: epochs, temperature and whether it is worth anything are chosen on held-out samples.
public enum HeadTrainer {
  /// What a head is trained on.
  public enum Samples: Sendable {
    /// Pooled features, for linear heads.
    case features(FeatureTable)
    /// Raw taps, for any head.
    case taps(TapTable)

    /// One label a sample; nil for a sample without one.
    public var labels: [Int?] {
      switch self {
      case .features(let table): table.labels
      case .taps(let table): table.labels
      }
    }

    /// The name of the tap, for messages.
    public var tap: String {
      switch self {
      case .features(let table): table.tap
      case .taps(let table): table.tap
      }
    }
  }

  /// Trains a head on labelled samples.
  ///
  /// - Parameters:
  ///   - exit: the number of the exit point, for the report.
  ///   - specification: what the head looks like.
  ///   - samples: what it is trained on; labels are indices of the head's classes.
  ///   - base: the head to start from and to be pulled towards. It is used when its specification is the same (whoever
  ///     calls sees to it that the classes mean the same) and ignored otherwise; when no epoch does better on
  ///     held-out samples it is kept as it is, calibrated anew. A linear head of few samples also tries to start from
  ///     nothing; held-out samples decide.
  ///   - teacher: what samples without a label learn from, and the others beside their label; nil when there are labels
  ///     alone. Where a label is missing, the teacher's answer is what figures compare with.
  ///   - prior: how often each class occurs, which the head need not learn: everything is compared after it was added
  ///     to the logits. Nil when the samples' labels are to say so.
  ///   - general: what general samples look like, for prototypes; they do without as well.
  ///   - split: from ``Split/stratified(labels:fraction:seed:)``.
  ///   - options: how to train.
  ///   - limits: when to end before the schedule does.
  /// - Throws: ``PexError``: malformed for fewer than two training samples or one class, a label beyond the classes,
  ///   or numbers that overflow on the way; usage for options out of range; defect for samples of another shape.
  ///   `CancellationError` when it is cancelled.
  public static func train(
    exit: Int, specification: HeadSpecification, samples: Samples, base: Head? = nil, teacher: Teacher? = nil,
    prior: [Float]? = nil, general: GeneralFeatures? = nil, split: Split, options: TrainingOptions = TrainingOptions(),
    limits: TrainingLimits = TrainingLimits()
  ) throws -> TrainedHead {
    try options.validate()
    try naming(samples.tap) { try check(samples.labels, teacher, split, classes: specification.classes) }
    let base = base.flatMap { $0.specification == specification ? $0 : nil }
    let job = Job(
      exit: exit, specification: specification, base: base,
      targets: Targets(labels: samples.labels, teacher: teacher, prior: prior), split: split, options: options,
      limits: limits)
    return try naming(samples.tap) {
      switch (specification.kind, samples) {
      case (.linear, .features(let table)), (.multitap, .features(let table)): return try bestLinear(job, table)
      case (.linear, .taps(let table)): return try bestLinear(job, table.pooled())
      case (.prototype, .features(let table)): return try trainPrototypes(job, table, general)
      case (.prototype, .taps(let table)): return try trainPrototypes(job, table.pooled(), general)
      case (.multitap, .taps): throw PexError(.defect, "a multitap head is trained on pooled features")
      case (.conv, .taps(let table)): return try trainConvolution(job, table)
      case (.conv, .features): throw PexError(.defect, "a conv head is trained on raw taps")
      }
    }
  }

  /// What was asked for.
  private struct Job {
    let exit: Int
    let specification: HeadSpecification
    var base: Head?
    let targets: Targets
    let split: Split
    let options: TrainingOptions
    let limits: TrainingLimits
  }

  private static func check(_ labels: [Int?], _ teacher: Teacher?, _ split: Split, classes: Int) throws {
    if let teacher, teacher.logits.count != labels.count || teacher.logits.classes != classes {
      throw PexError(
        .defect,
        "a teacher of \(teacher.logits.classes) classes for \(teacher.logits.count) samples does not fit "
          + "\(labels.count) samples of \(classes)")
    }
    let said: [Int?] = teacher.map { Predictions($0.logits).classes } ?? labels
    let labels = zip(labels, said).map { $0 ?? $1 }
    guard split.training.count >= 2 else {
      throw PexError(.malformed, "training needs at least two labelled samples, found \(split.training.count)")
    }
    var seen: Set<Int> = []
    for (part, rows) in [split.training, split.validation].enumerated() {
      for row in rows {
        guard labels.indices.contains(row), let label = labels[row] else {
          throw PexError(.defect, "the split names sample \(row), which has no label")
        }
        guard (0..<classes).contains(label) else {
          throw PexError(.malformed, "sample \(row): label \(label) where the head has \(classes) classes")
        }
        if part == 0 { seen.insert(label) }
      }
    }
    guard seen.count >= 2 else {
      throw PexError(.malformed, "all training samples belong to one class")
    }
  }

  /// A head that starts from the base head or, where few samples cost little and held-out ones prefer it, from nothing:
  /// for a person whose pictures look like nothing that the base head has seen, its weights are in the way.
  private static func bestLinear(_ job: Job, _ table: FeatureTable) throws -> TrainedHead {
    let fromBase = try trainLinear(job, table)
    let held = job.split.validation
    guard job.base != nil, held.count >= Calibration.fewestSamples, job.split.training.count < Schedule.manySamples,
      !job.limits.isOver
    else { return fromBase }
    var fresh = job
    fresh.base = nil
    let fromNothing = try trainLinear(fresh, table)
    let labels = held.map { job.targets.answers[$0] }
    func loss(_ trained: TrainedHead) throws -> Double {
      try trained.validationLogits.loss(labels, temperature: Double(trained.report.temperature))
    }
    return try loss(fromNothing) < loss(fromBase) ? fromNothing : fromBase
  }

  private static func trainLinear(_ job: Job, _ table: FeatureTable) throws -> TrainedHead {
    guard table.width == job.specification.featureCount else {
      throw PexError(
        .defect, "\(table.width) features where the head reads \(job.specification.featureCount)")
    }
    let start = try job.base.map { try $0.calibratedParameters() }.map { (weight: $0[0], bias: $0[1]) }
    let schedule = Schedule(
      linear: job.options, samples: job.split.training.count, heldOut: job.split.validation.count)
    return try train(job, schedule) { head, row in
      try head.logits(features: Array(try table.row(row)))
    } start: { rows in
      try LinearTrainer(
        table, job.targets, rows: rows, classes: job.specification.classes, base: start, optimizer: schedule.optimizer)
    }
  }

  /// Means of the training samples, measured on those held out, and then means of all.
  private static func trainPrototypes(
    _ job: Job, _ table: FeatureTable, _ general: GeneralFeatures?
  ) throws -> TrainedHead {
    guard table.width == job.specification.featureCount else {
      throw PexError(.defect, "\(table.width) features where the head reads \(job.specification.featureCount)")
    }
    let start = try Prototypes(
      general?.statistics, classes: general?.classes ?? Array(repeating: nil, count: job.specification.classes),
      features: table, start: job.base)
    func head(_ rows: [Int], temperature: Float = 1) throws -> Head {
      var prototypes = start
      for row in rows { prototypes.add(try table.row(row), class: job.targets.answers[row]) }
      return try Head(job.specification, numbers: prototypes.parameters(), temperature: temperature)
    }
    var trained = try measured(job, head(job.split.training), epochs: 1, steps: 0, losses: nil) { head, row in
      try head.logits(features: Array(table.row(row)))
    }
    guard job.options.refit, !job.split.validation.isEmpty else { return trained }
    let rows = (job.split.training + job.split.validation).sorted()
    trained.head = try head(rows, temperature: trained.report.temperature)
    return trained
  }

  private static func trainConvolution(_ job: Job, _ table: TapTable) throws -> TrainedHead {
    let start = try job.base ?? Head.random(job.specification, seed: job.options.seed)
    let schedule = Schedule(
      convolution: job.options, samples: job.split.training.count, heldOut: job.split.validation.count)
    return try train(job, schedule) { head, row in
      try table.row(row).withUnsafeBufferPointer { try head.logits(tap: $0) }
    } start: { rows in
      try ConvTrainer(table, job.targets, rows: rows, start: start, optimizer: schedule.optimizer)
    }
  }

  /// Chooses on the split, measures, and trains again on everything where that pays.
  private static func train(
    _ job: Job, _ schedule: Schedule, logits: (Head, Int) throws -> [Float],
    start: ([Int]) throws -> some Trainer
  ) throws -> TrainedHead {
    let (training, held) = (job.split.training, job.split.validation)
    let startsFromBase = job.base != nil
    let choice = try TrainingLoop(
      start: start(training), startsFromBase: startsFromBase, schedule: schedule, limits: job.limits
    ).choose(job.split)
    if let base = job.base, choice.epoch == 0 {
      return try measured(job, base, epochs: 0, steps: choice.steps, losses: choice.losses, logits)
    }
    let chosen = try Head(job.specification, numbers: choice.parameters)
    var trained = try measured(
      job, chosen, epochs: choice.epoch, steps: choice.steps, losses: choice.losses, logits)
    guard schedule.refits, !job.limits.isOver else { return trained }
    let rows = (training + held).sorted()
    let again = try TrainingLoop(
      start: start(rows), startsFromBase: startsFromBase, schedule: schedule, limits: job.limits
    ).again(choice, rows: rows)
    // Half a training on more samples may be worse than a whole one on fewer.
    guard !job.limits.isOver else { return trained }
    trained.head = try Head(
      job.specification, numbers: again.parameters, temperature: trained.report.temperature)
    trained.report.steps = again.steps
    return trained
  }

  /// Calibrates a head and measures it with the very forward pass that devices run.
  private static func measured(
    _ job: Job, _ head: Head, epochs: Int, steps: Int, losses: LossHistory?,
    _ logits: (Head, Int) throws -> [Float]
  ) throws -> TrainedHead {
    let (classes, split) = (head.specification.classes, job.split)
    let prior = job.targets.prior
    let held = try LogitTable(
      classes: classes, values: split.validation.flatMap { try logits(head, $0) }, prior: prior)
    let trained = try LogitTable(
      classes: classes, values: split.training.flatMap { try logits(head, $0) }, prior: prior)
    let answers = job.targets.answers
    let heldLabels = split.validation.map { answers[$0] }
    // What a teacher answers is no truth to be sure of: a head that learned its logits is as sure as the teacher.
    let known = split.validation.indices.filter { job.targets.isLabelled[split.validation[$0]] }
    let temperature = try Calibration.temperature(
      LogitTable(classes: classes, values: known.flatMap { held.row($0) }, prior: prior),
      labels: known.map { heldLabels[$0] }, fallback: head.temperature)
    let predictions = Predictions(held, temperature: temperature)
    let report = HeadReport(
      exit: job.exit, trainAccuracy: try trained.accuracy(split.training.map { answers[$0] }),
      validationAccuracy: held.count == 0 ? nil : try predictions.accuracy(heldLabels), temperature: temperature,
      threshold: nil, enabled: try held.count == 0 || predictions.beatChance(heldLabels), epochs: epochs, steps: steps,
      losses: losses)
    let calibrated = try Head(head.specification, parameters: head.parameters, temperature: temperature)
    return TrainedHead(head: calibrated, report: report, validationLogits: held)
  }
}

extension Head {
  /// A head with the given numbers, one array a tensor.
  /// - Throws: ``PexError`` (malformed) when a number is not finite.
  init(_ specification: HeadSpecification, numbers: [[Float]], temperature: Float = 1) throws {
    let tensors = try zip(specification.parameters, numbers).map { try Tensor($0.dimensions, $1) }
    try self.init(specification, parameters: tensors, temperature: temperature)
  }

  /// The learned numbers with the temperature divided into the fully connected layer: what training starts from, so that
  /// the loss sees probabilities as sure as the head's.
  func calibratedParameters() throws -> [[Float]] {
    let readout = parameters.suffix(2).map { $0.floats.map { $0 / temperature } }
    return parameters.dropLast(2).map(\.floats) + readout
  }
}
