import PexHeads
import PexTensor

/// A person's linear head, trained as a regularised departure from what is known already: a base head, the model's own
/// classifier, or answers that it adds to.
package struct DepartureTask: Sendable {
  /// The number of the exit point.
  let exit: Int
  /// What the head looks like: linear, multitap or branch.
  let specification: HeadSpecification
  /// Its features, one row a sample.
  let table: FeatureTable
  /// The head to start from; nil to start from nothing.
  let start: Head?
  /// The logits that the head's are added to; nil when it answers alone.
  let addsTo: LogitTable?
  /// Which classes' rows move: those that what it adds to says nothing about; nil: all.
  var moving: [Bool]?
  /// How many features are averages that are read in their own proportions, the others being left out; nil: all are read.
  var averages: Int?
  /// Whether nothing is learned: the start is measured and calibrated as it is.
  var stays = false

  package init(
    exit: Int, specification: HeadSpecification, table: FeatureTable, start: Head?, addsTo: LogitTable?,
    moving: [Bool]? = nil, averages: Int? = nil, stays: Bool = false
  ) {
    (self.exit, self.specification, self.table, self.start) = (exit, specification, table, start)
    (self.addsTo, self.moving, self.averages, self.stays) = (addsTo, moving, averages, stays)
  }

  /// What came of it.
  package struct Outcome: Sendable {
    /// The head; its held-out logits are those of the answer, what it adds to included.
    package var trained: TrainedHead
    /// Whether it is the start as it was.
    var stays: Bool
    /// Losses of the held-out samples, calibrated and weighed.
    var losses: [Double]
    /// Whether its logits are added to the classifier's.
    var adds = false
    /// Whether it is the bundle's own base head, limited to the classes: a head file need not hold it.
    var isBase = false
    /// Whether it began as a base head, which many more samples trained.
    var startsFromBase = false
  }

  /// Trains. Held-out samples choose between the start, departures from it and, where there are enough of them, a head that
  /// starts from nothing: what is not better than the start beyond chance is not taken.
  package func run(_ targets: DepartureTargets, _ split: Split, _ options: TrainingOptions, _ limits: TrainingLimits)
    throws
    -> Outcome
  {
    let rows = try RegressionRows(table, averages: averages)
    let known = try knownLogits()
    // What is known says nothing of classes that are only now learned: no departure would leave them out.
    let isKnown = known != nil && moving == nil
    let departure = Departure(
      rows: rows, targets: targets, split: split, limits: limits,
      offsets: known ?? [Float](repeating: 0, count: table.count * targets.classes), moving: moving)
    var best = try outcome(departure, isKnown: isKnown, split, options)
    guard start != nil, !stays, split.held.count >= Calibration.fewestSamples, !limits.isOver else { return best }
    let fresh = Departure(
      rows: rows, targets: targets, split: split, limits: limits,
      offsets: [Float](repeating: 0, count: table.count * targets.classes))
    let other = try DepartureTask(
      exit: exit, specification: specification, table: table, start: nil, addsTo: nil
    ).outcome(fresh, isKnown: false, split, options)
    best.trained.report.steps += other.trained.report.steps
    return HeadTrainer.isLower(other.losses, than: best.losses) ? other : best
  }

  /// What samples are answered before any departure, calibrated as the start is.
  private func knownLogits() throws -> [Float]? {
    if let addsTo { return addsTo.values }
    guard let start else { return nil }
    return try (0..<table.count).flatMap { row in
      try start.logits(features: Array(try table.row(row))).map { $0 / start.temperature }
    }
  }

  private func outcome(
    _ departure: Departure, isKnown: Bool, _ split: Split, _ options: TrainingOptions
  ) throws -> Outcome {
    let (targets, classes) = (departure.targets, departure.targets.classes)
    if stays {
      let held = try LogitTable(
        classes: classes, values: split.held.flatMap { departure.offsets[$0 * classes..<($0 + 1) * classes] },
        prior: targets.prior)
      return try finished(departure, nil, held, measured(held, split.held, targets), split, steps: 0)
    }
    guard !split.parts.isEmpty else { return try unmeasured(departure, isKnown: isKnown, split) }
    let choice = try departure.choose(mayStay: isKnown)
    let held = split.held
    let raw = try LogitTable(classes: classes, values: choice.held, prior: targets.prior)
    let lift = try lift(raw, held, targets)
    let departed = try moving.map { try raw.lifted(lift, $0) } ?? raw
    let stayed = try LogitTable(
      classes: classes, values: held.flatMap { departure.offsets[$0 * classes..<($0 + 1) * classes] },
      prior: targets.prior)
    let (moved, stay) = (try measured(departed, held, targets), try measured(stayed, held, targets))
    let departs =
      choice.strength != nil && (!isKnown || HeadTrainer.isLower(moved.losses, than: stay.losses, errors: 2))
    guard departs, let strength = choice.strength else {
      return try finished(
        departure, nil, stayed, stay, split, steps: choice.iterations, losses: history(choice, nil, options))
    }
    let rows = options.refit ? (split.training + split.validation).sorted() : split.training
    let layer = try departure.layer(strength: strength, on: rows)
    return try finished(
      departure, layer.weight, lift: lift, departed, moved, split, steps: choice.iterations + layer.iterations,
      losses: history(choice, strength, options))
  }

  private func history(_ choice: Departure.Choice, _ strength: Double?, _ options: TrainingOptions) -> LossHistory? {
    guard options.recordsLosses, !choice.losses.isEmpty else { return nil }
    let place = strength.flatMap { Departure.strengths.firstIndex(of: $0) }.map { $0 + 1 }
    return LossHistory(departures: choice.losses, kept: place ?? 0)
  }

  /// What is added to the logits of classes that are only now learned, as held-out samples say. Samples of these alone, or of
  /// the others alone, say nothing of where the line between them lies: all would be on one side of it.
  private func lift(_ logits: LogitTable, _ rows: [Int], _ targets: DepartureTargets) throws -> Float {
    guard let moving else { return 0 }
    let sides = Set(rows.map { moving[targets.answers[$0]] })
    guard sides.count == 2 else { return 0 }
    let temperature = try measured(logits, rows, targets).temperature
    return try logits.lift(moving) { targets.losses($0, rows, temperature: temperature).reduce(0, +) }
  }

  /// With nothing held out the start stays; without one the strength is fixed.
  private func unmeasured(_ departure: Departure, isKnown: Bool, _ split: Split) throws -> Outcome {
    let none = try LogitTable(classes: departure.targets.classes, values: [], prior: departure.targets.prior)
    let layer =
      isKnown ? nil : try departure.layer(strength: Departure.fallbackStrength, on: split.training)
    return try finished(departure, layer?.weight, none, (1, []), split, steps: layer?.iterations ?? 0)
  }

  private typealias Measured = (temperature: Float, losses: [Double])

  /// Losses of samples at the temperature that suits the logits; of labelled samples where there are enough.
  private func measured(_ logits: LogitTable, _ rows: [Int], _ targets: DepartureTargets) throws -> Measured {
    let known = rows.indices.filter { targets.isLabelled[rows[$0]] }
    let temperature = try Calibration.temperature(
      logits.selected(known), labels: known.map { targets.answers[rows[$0]] }, fallback: 1)
    return (temperature, targets.losses(logits, rows, temperature: temperature))
  }

  private func finished(
    _ departure: Departure, _ layer: [Float]?, lift: Float = 0, _ held: LogitTable, _ measured: Measured,
    _ split: Split,
    steps: Int, losses: LossHistory? = nil
  ) throws -> Outcome {
    let (head, fallback) = try head(departure, layer, lift: lift, temperature: measured.temperature)
    let answers = departure.targets.answers
    let counted = Array(split.held.indices.dropFirst(split.isCrossFitted ? split.validation.count : 0))
    let predictions = Predictions(held, temperature: measured.temperature)
    let trained = try LogitTable(
      classes: departure.targets.classes,
      values: try split.training.flatMap { row -> [Float] in
        let logits = try head.logits(features: Array(try table.row(row)))
        guard let addsTo else { return logits }
        return zip(logits, addsTo.row(row)).map { $0 + $1 }
      }, prior: departure.targets.prior)
    let heldAnswers = split.held.map { answers[$0] }
    let report = HeadReport(
      exit: exit, trainAccuracy: try trained.accuracy(split.training.map { answers[$0] }),
      validationAccuracy: split.held.isEmpty
        ? nil : try predictions.selected(counted).accuracy(counted.map { heldAnswers[$0] }),
      temperature: head.temperature, threshold: nil,
      enabled: try split.held.isEmpty || predictions.beatChance(heldAnswers), epochs: layer == nil ? 0 : 1,
      steps: steps, losses: losses)
    // Held-out logits are divided by the start's temperature already.
    let scale = layer == nil ? start?.temperature ?? 1 : 1
    let raw =
      scale == 1
      ? held
      : try LogitTable(
        classes: held.classes, values: held.values.map { $0 * scale }, prior: held.prior)
    return Outcome(
      trained: TrainedHead(head: head, report: report, heldLogits: raw, fallbackTemperature: fallback),
      stays: layer == nil, losses: measured.losses, adds: addsTo != nil)
  }

  /// The start, or the start with the departure in it.
  private func head(_ departure: Departure, _ layer: [Float]?, lift: Float, temperature: Float) throws -> (Head, Float)
  {
    guard let layer else {
      guard let start else {
        let zeros = try specification.parameters.map { try Tensor(repeating: 0, $0.dimensions) }
        return (try Head(specification, parameters: zeros), 1)
      }
      // What was held against labels is the start at its own temperature.
      let calibrated = temperature * start.temperature
      return (
        try Head(
          specification, parameters: start.parameters, temperature: calibrated, branches: start.branches),
        start.temperature
      )
    }
    var (weight, bias) = departure.rows.layer(layer, classes: departure.targets.classes)
    if let moving { for index in bias.indices where moving[index] { bias[index] += lift } }
    if let start, addsTo == nil {
      let known = start.parameters(at: start.temperature)
      for index in weight.indices { weight[index] += known[0][index] }
      for index in bias.indices { bias[index] += known[1][index] }
    }
    return (
      try Head(specification, numbers: [weight, bias], temperature: addsTo == nil ? temperature : 1), 1
    )
  }
}

extension DepartureTask.Outcome {
  /// What another way of training gave.
  init(_ trained: TrainedHead, from start: Head?, _ targets: DepartureTargets, _ held: [Int]) throws {
    let stays = start.map { start in
      zip(start.parameters, trained.head.parameters).allSatisfy { $0.isIdentical(to: $1) }
    }
    self.init(
      trained: trained, stays: stays ?? false,
      losses: targets.losses(trained.heldLogits, held, temperature: trained.report.temperature))
  }
}
