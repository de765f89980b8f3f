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
  ///     calls sees to it that the classes mean the same) and ignored otherwise; unless training is better
  ///     on held-out samples beyond chance it is kept as it is, calibrated anew. A linear head of few samples also tries
  ///     to start from nothing, by the same rule.
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
      targets: Targets(labels: samples.labels, teacher: teacher?.isOptional == true ? nil : teacher, prior: prior),
      taught: teacher?.isOptional == true
        ? Targets(labels: samples.labels, teacher: teacher, prior: prior) : nil,
      split: split, options: options, limits: limits)
    return try naming(samples.tap) {
      switch (specification.kind, samples) {
      case (.linear, .features(let table)), (.multitap, .features(let table)), (.branch, .features(let table)):
        return try bestLinear(job, table)
      case (.linear, .taps(let table)), (.multitap, .taps(let table)): return try bestLinear(job, table.pooled())
      case (.branch, .taps): throw PexError(.defect, "a branch head is trained on pooled features")
      case (.prototype, .features(let table)): return try finished(job, prototypes(job, table, general))
      case (.prototype, .taps(let table)): return try finished(job, prototypes(job, table.pooled(), general))
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
    var targets: Targets
    /// The same with a teacher that held-out samples decide about.
    var taught: Targets?
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
  /// for a person whose pictures look like nothing that the base head has seen, its weights are in the way. A teacher that
  /// is optional stands for election as well.
  private static func bestLinear(_ job: Job, _ table: FeatureTable) throws -> TrainedHead {
    let fromBase = try contender(job, linear: table)
    guard job.base != nil, job.split.validation.count >= fewestToCompare,
      job.split.training.count < Schedule.manySamples, !job.limits.isOver
    else { return try finished(job, fromBase) }
    var fresh = job
    fresh.base = nil
    var contenders = [(fresh, try contender(fresh, linear: table))]
    if let targets = job.taught {
      var taught = job
      taught.targets = targets
      contenders.append((taught, try contender(taught, linear: table)))
    }
    var best = (job: job, contender: fromBase, losses: try validationLosses(job, fromBase))
    for (job, contender) in contenders {
      let losses = try validationLosses(job, contender)
      if isLower(losses, than: best.losses) { best = (job, contender, losses) }
    }
    let steps = contenders.reduce(fromBase.steps) { $0 + $1.1.steps }
    return try finished(best.job, best.contender, more: steps - best.contender.steps)
  }

  /// Whether the losses of some samples are lower beyond chance: the mean difference of a sample is above zero by so many
  /// standard errors, by default those of 95 %, one-sided.
  /// What was there before stays otherwise: of several means of a hundred samples the lowest is lower by luck more
  /// often than not.
  package static func isLower(_ new: [Double], than old: [Double], errors: Double = 1.645) -> Bool {
    let gains = zip(old, new).map { $0 - $1 }
    let count = Double(gains.count)
    let mean = gains.reduce(0, +) / count
    let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
    return mean > errors * (variance / count).squareRoot()
  }

  /// With fewer held-out samples the base head is where training starts.
  private static let fewestToCompare = 10

  private static func contender(_ job: Job, linear table: FeatureTable) throws -> Contender {
    guard table.width == job.specification.featureCount else {
      throw PexError(
        .defect, "\(table.width) features where the head reads \(job.specification.featureCount)")
    }
    let start = job.base.map { $0.parameters(at: $0.temperature) }.map { (weight: $0[0], bias: $0[1]) }
    let schedule = Schedule(
      linear: job.options, samples: job.split.training.count, heldOut: job.split.validation.count)
    return try contender(job, schedule) { head, row in
      try head.logits(features: Array(try table.row(row)))
    } start: { rows in
      try LinearTrainer(
        table, job.targets, rows: rows, classes: job.specification.classes, base: start, optimizer: schedule.optimizer)
    }
  }

  /// Means of samples; the weight of the general means among them is chosen on held-out samples, where there are enough.
  private static func prototypes(
    _ job: Job, _ table: FeatureTable, _ general: GeneralFeatures?
  ) throws -> Contender {
    guard table.width == job.specification.featureCount else {
      throw PexError(.defect, "\(table.width) features where the head reads \(job.specification.featureCount)")
    }
    let classes = general?.classes ?? Array(repeating: nil, count: job.specification.classes)
    let chooses = general != nil && job.base == nil && job.split.validation.count >= fewestToCompare
    let start = try Prototypes(general?.statistics, classes: classes, features: table, start: job.base)
    guard chooses else { return try contender(job, table, start) }
    let contenders = try [10, Prototypes.anchorWeight, 250].map { try contender(job, table, start.anchored($0)) }
    let losses = try contenders.map { try validationLosses(job, $0).reduce(0, +) }
    return contenders[losses.indices.min { losses[$0] < losses[$1] } ?? 0]
  }

  private static func contender(_ job: Job, _ table: FeatureTable, _ start: Prototypes) throws -> Contender {
    func head(_ rows: [Int]) throws -> Head {
      var prototypes = start
      for row in rows { prototypes.add(try table.row(row), class: job.targets.answers[row]) }
      return try Head(job.specification, numbers: prototypes.parameters())
    }
    let refits = job.options.refit && !job.split.validation.isEmpty
    return Contender(head: try head(job.split.training), epoch: 1, steps: 0, losses: nil, refits: refits) { head, row in
      try head.logits(features: Array(try table.row(row)))
    } again: { rows in
      (try head(rows), 0)
    }
  }

  private static func trainConvolution(_ job: Job, _ table: TapTable) throws -> TrainedHead {
    let start = try job.base ?? Head.random(job.specification, seed: job.options.seed)
    let schedule = Schedule(
      convolution: job.options, samples: job.split.training.count, heldOut: job.split.validation.count)
    let contender = try contender(job, schedule) { head, row in
      try table.row(row).withUnsafeBufferPointer { try head.logits(tap: $0) }
    } start: { rows in
      try ConvTrainer(table, job.targets, rows: rows, start: start, optimizer: schedule.optimizer)
    }
    return try finished(job, contender)
  }

  /// A head whose strength and epoch are chosen, and the means to train it again.
  private struct Contender {
    /// Trained on ``Split/training``.
    let head: Head
    /// The epoch that was kept.
    let epoch: Int
    /// Steps taken so far.
    let steps: Int
    /// How the losses moved, where that is recorded.
    let losses: LossHistory?
    /// Whether it trains again on everything once all is chosen.
    let refits: Bool
    /// The head's logits for a sample, by the very forward pass that devices run.
    let logits: (Head, Int) throws -> [Float]
    /// The head with the same choices trained on other samples, and the steps that it took.
    let again: ([Int]) throws -> (head: Head, steps: Int)
  }

  /// Chooses strength and epoch on the split.
  private static func contender(
    _ job: Job, _ schedule: Schedule, logits: @escaping (Head, Int) throws -> [Float],
    start: @escaping ([Int]) throws -> some Trainer
  ) throws -> Contender {
    let startsFromBase = job.base != nil
    let choice = try TrainingLoop(
      start: start(job.split.training), startsFromBase: startsFromBase, schedule: schedule, limits: job.limits
    ).choose(job.split)
    let steps = choice.steps
    func kept(_ base: Head) -> Contender {
      Contender(head: base, epoch: 0, steps: steps, losses: choice.losses, refits: false, logits: logits) { _ in
        (base, 0)
      }
    }
    if let base = job.base, choice.epoch == 0 { return kept(base) }
    let head = try Head(job.specification, numbers: choice.parameters)
    let trained = Contender(
      head: head, epoch: choice.epoch, steps: steps, losses: choice.losses, refits: schedule.refits, logits: logits
    ) { rows in
      let again = try TrainingLoop(
        start: start(rows), startsFromBase: startsFromBase, schedule: schedule, limits: job.limits
      ).again(choice, rows: rows)
      return (try Head(job.specification, numbers: again.parameters), again.steps - steps)
    }
    guard let base = job.base, job.split.validation.count >= fewestToCompare else { return trained }
    let isWorth = try isLower(validationLosses(job, trained), than: validationLosses(job, kept(base)))
    return isWorth ? trained : kept(base)
  }

  /// The losses on the samples that chose strength and epoch, calibrated on them.
  private static func validationLosses(_ job: Job, _ contender: Contender) throws -> [Double] {
    let rows = job.split.validation
    let logits = try table(job, rows) { try contender.logits(contender.head, $0) }
    // The same number of samples for both: what is compared is what a temperature cannot mend.
    let temperature = try temperature(
      job, logits, rows, fallback: contender.head.temperature, fewest: fewestToCompare)
    return try logits.losses(rows.map { job.targets.answers[$0] }, temperature: Double(temperature))
  }

  /// Calibrates and measures on logits of heads that did not train on what they answer, and trains again on everything
  /// where that pays.
  private static func finished(_ job: Job, _ contender: Contender, more steps: Int = 0) throws -> TrainedHead {
    let (split, answers) = (job.split, job.targets.answers)
    var steps = steps + contender.steps
    var values: [Float] = []
    for part in split.parts.indices {
      var head = contender.head
      if part > 0 {
        let again = try contender.again(split.rest(of: part))
        (head, steps) = (again.head, steps + again.steps)
      }
      for row in split.parts[part] { values += try contender.logits(head, row) }
    }
    let (rows, fallback) = (split.held, contender.head.temperature)
    let held = try LogitTable(classes: job.specification.classes, values: values, prior: job.targets.prior)
    let temperature = try temperature(job, held, rows, fallback: fallback)
    let trained = try table(job, split.training) { try contender.logits(contender.head, $0) }
    let predictions = Predictions(held, temperature: temperature)
    // Strength and epoch were chosen by the first part.
    let counted = Array(rows.indices.dropFirst(split.isCrossFitted ? split.validation.count : 0))
    let report = HeadReport(
      exit: job.exit, trainAccuracy: try trained.accuracy(split.training.map { answers[$0] }),
      validationAccuracy: rows.isEmpty
        ? nil : try predictions.selected(counted).accuracy(counted.map { answers[rows[$0]] }),
      temperature: temperature, threshold: nil,
      enabled: try rows.isEmpty || predictions.beatChance(rows.map { answers[$0] }), epochs: contender.epoch,
      steps: steps, losses: contender.losses)
    var result = TrainedHead(
      head: contender.head, report: report, heldLogits: held, fallbackTemperature: fallback)
    if contender.refits, !job.limits.isOver {
      let last = try contender.again((split.training + split.validation).sorted())
      // Half a training on more samples may be worse than a whole one on fewer.
      if !job.limits.isOver { result.head = last.head }
      result.report.steps += last.steps
    }
    result.head = try Head(job.specification, parameters: result.head.parameters, temperature: temperature)
    return result
  }

  private static func table(_ job: Job, _ rows: [Int], _ logits: (Int) throws -> [Float]) throws -> LogitTable {
    try LogitTable(
      classes: job.specification.classes, values: rows.flatMap { try logits($0) }, prior: job.targets.prior)
  }

  /// What a teacher answers is no truth to be sure of: a head that learned its logits is as sure as the teacher. So
  /// labels alone calibrate.
  private static func temperature(
    _ job: Job, _ held: LogitTable, _ rows: [Int], fallback: Float, fewest: Int = Calibration.fewestSamples
  ) throws -> Float {
    let known = rows.indices.filter { job.targets.isLabelled[rows[$0]] }
    return try Calibration.temperature(
      held.selected(known), labels: known.map { job.targets.answers[rows[$0]] }, fallback: fallback, fewest: fewest)
  }
}

extension Head {
  /// A head with the given numbers, one array a tensor.
  /// - Throws: ``PexError`` (malformed) when a number is not finite.
  init(_ specification: HeadSpecification, numbers: [[Float]], temperature: Float = 1) throws {
    let tensors = try zip(specification.parameters, numbers).map { try Tensor($0.dimensions, $1) }
    try self.init(specification, parameters: tensors, temperature: temperature)
  }

  /// The learned numbers with a temperature divided into the fully connected layer: what training starts from, so that
  /// the loss sees probabilities as sure as the head should be.
  func parameters(at temperature: Float) -> [[Float]] {
    let readout = parameters.suffix(2).map { $0.floats.map { $0 / temperature } }
    return parameters.dropLast(2).map(\.floats) + readout
  }
}
