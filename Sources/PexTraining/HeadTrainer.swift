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
  ///     held-out samples it is kept as it is, calibrated anew.
  ///   - split: from ``Split/stratified(labels:fraction:seed:)``.
  ///   - options: how to train.
  /// - Throws: ``PexError``: malformed for fewer than two training samples or one class, a label beyond the classes,
  ///   or numbers that overflow on the way; usage for options out of range; defect for samples of another shape.
  public static func train(
    exit: Int, specification: HeadSpecification, samples: Samples, base: Head? = nil, split: Split,
    options: TrainingOptions = TrainingOptions()
  ) throws -> TrainedHead {
    try options.validate()
    try naming(samples.tap) { try check(samples.labels, split, classes: specification.classes) }
    let base = base.flatMap { $0.specification == specification ? $0 : nil }
    switch (specification.kind, samples) {
    case (.linear, .features(let table)):
      return try trainLinear(exit, specification, table, base: base, split: split, options: options)
    case (.linear, .taps(let table)):
      return try trainLinear(exit, specification, table.pooled(), base: base, split: split, options: options)
    case (.conv, .taps(let table)):
      return try trainConvolution(exit, specification, table, base: base, split: split, options: options)
    case (.conv, .features):
      throw PexError(.defect, "\(samples.tap): a conv head is trained on raw taps")
    }
  }

  private static func check(_ labels: [Int?], _ split: Split, classes: Int) throws {
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

  private static func trainLinear(
    _ exit: Int, _ specification: HeadSpecification, _ table: FeatureTable, base: Head?, split: Split,
    options: TrainingOptions
  ) throws -> TrainedHead {
    guard table.width == specification.featureCount else {
      throw PexError(
        .defect, "\(table.tap): \(table.width) features where the head reads \(specification.featureCount)")
    }
    let start = try base.map { try $0.calibratedReadout() }
    let classes = specification.classes
    let (training, held) = (split.training, split.validation)
    let schedule = Schedule(linear: options, samples: training.count, heldOut: held.count)
    let trainer = try LinearTrainer(table, rows: training, classes: classes, base: start)
    let choice = try trainer.choose(split, schedule: schedule)
    let chosen = try head(specification, choice, base: base, tap: table.tap)
    let logits = { (head: Head, row: Int) in try head.logits(features: Array(table.row(row))) }
    var trained = try finish(
      exit, chosen, labels: table.labels, split: split, epochs: choice.epoch, steps: choice.steps, logits: logits)
    guard options.refit, choice.epoch > 0, !held.isEmpty, training.count < Schedule.manySamples else { return trained }
    let rows = (training + held).sorted()
    let again = try LinearTrainer(table, rows: rows, classes: classes, base: start)
      .repeated(choice, rows: rows, schedule: schedule)
    let parameters = try head(specification, again, base: base, tap: table.tap).parameters
    trained.head = try Head(specification, parameters: parameters, temperature: trained.report.temperature)
    trained.report.steps = again.steps
    return trained
  }

  /// The head that training ended with: the base head itself when no epoch was better.
  private static func head(
    _ specification: HeadSpecification, _ outcome: LinearTrainer.Outcome, base: Head?, tap: String
  ) throws -> Head {
    if let base, outcome.epoch == 0 { return base }
    let weight = try Tensor([specification.classes, specification.featureCount], outcome.weight)
    let bias = try Tensor([specification.classes], outcome.bias)
    return try naming("\(tap): training diverged") { try Head(specification, parameters: [weight, bias]) }
  }

  private static func trainConvolution(
    _ exit: Int, _ specification: HeadSpecification, _ table: TapTable, base: Head?, split: Split,
    options: TrainingOptions
  ) throws -> TrainedHead {
    throw PexError(.unsupported, "conv heads cannot be trained yet")
  }

  /// Calibrates a head and measures it with the very forward pass that devices run.
  private static func finish(
    _ exit: Int, _ head: Head, labels: [Int?], split: Split, epochs: Int, steps: Int,
    logits: (Head, Int) throws -> [Float]
  ) throws -> TrainedHead {
    let classes = head.specification.classes
    let held = try LogitTable(classes: classes, values: split.validation.flatMap { try logits(head, $0) })
    let trained = try LogitTable(classes: classes, values: split.training.flatMap { try logits(head, $0) })
    let heldLabels = split.validation.compactMap { labels[$0] }
    let temperature = try Calibration.temperature(held, labels: heldLabels, fallback: head.temperature)
    let predictions = Predictions(held, temperature: temperature)
    let report = HeadReport(
      exit: exit, trainAccuracy: try trained.accuracy(split.training.compactMap { labels[$0] }),
      validationAccuracy: held.count == 0 ? nil : try predictions.accuracy(heldLabels), temperature: temperature,
      threshold: nil, enabled: try held.count == 0 || predictions.beatChance(heldLabels), epochs: epochs, steps: steps)
    let calibrated = try Head(head.specification, parameters: head.parameters, temperature: temperature)
    return TrainedHead(head: calibrated, report: report, validationLogits: held)
  }
}

extension Head {
  /// The fully connected layer with the temperature divided in: what training starts from, so that the loss sees
  /// probabilities as sure as the head's.
  func calibratedReadout() throws -> (weight: [Float], bias: [Float]) {
    (
      try parameter("weight").floats.map { $0 / temperature },
      try parameter("bias").floats.map { $0 / temperature }
    )
  }
}
