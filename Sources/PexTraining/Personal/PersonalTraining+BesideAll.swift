import Foundation
import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// Classes of the person's own beside all of the model's: the model's logits stay what they are, and a head adds rows for
/// the new ones.
///
/// The rows learn to tell the person's pictures from one another and from everything else, whose one logit is the log-sum of
/// all old ones: pictures of the model's classes that the person has, pictures without labels, and draws from what the bundle
/// knows of general pictures, or else of its classifier. Without any, new rows take a third of the old classes' answers.
extension PersonalTraining {
  /// What the new rows learn from.
  private struct Study {
    /// Features of the person's samples and of draws.
    var table: FeatureTable
    /// 0 for what is none of the new classes; nil for samples that nobody learns from.
    var kinds: [Int?] = []
    /// The log-sum of the old logits, and the largest of them.
    var sums: [Float] = []
    var largest: [Float] = []
    /// Whether what stands for general pictures is made of nothing but the classifier's weights.
    var isGuess = false

    mutating func add(_ row: [Float], _ logits: ArraySlice<Float>, kind: Int?) throws {
      try table.append(row, label: nil)
      kinds.append(kind)
      let top = logits.max() ?? 0
      largest.append(top)
      sums.append(top + Float(log(logits.reduce(0.0) { $0 + exp(Double($1 - top)) })))
    }
  }

  /// So far below the log-sum of the old logits a new class begins.
  private static let startBelow: Float = 5
  /// The share of what is none of the new classes that they may take.
  private static let mayTake = 0.005
  /// What new logits are lowered by where nobody knows how general pictures look: real ones lie further apart than those that
  /// are made of the classifier's weights.
  private static let doubt: Float = 2

  /// Trains the new rows.
  /// - Throws: ``PexError`` (malformed) when the model has no classifier or no sample is of a class of the person's own.
  func trainBesideAll(
    _ cache: TapCache, labels: [Int?], started: ContinuousClock.Instant, _ limits: TrainingLimits
  ) throws -> Result {
    let (clock, own, names) = (ContinuousClock(), ownNumbers, classNames)
    guard let logits = cache.finalLogits else {
      throw PexError(.malformed, "--classes all+own: the model has no classifier whose classes could stay")
    }
    let last = session.model.bundle.contents.trunk.exitPoints.last { !$0.isNamed }?.number
    guard let exit = last,
      let plan = try HeadPlan.all(
        session.model, exits: [exit], kind: .linear, classes: own.map { names[$0] }, numbers: Array(own)
      ).last, let features = cache.table(.pooled, at: exit)?.table
    else { throw PexError(.defect, "no features of the last exit point") }
    let passed = clock.now
    var notes: [String] = []
    if request.policyGoal != nil {
      notes.append(
        "all of the model's answers stay as they are, so no early exit is taken: what is aimed at is not followed")
    }
    var study = Study(table: try FeatureTable(tap: features.tap, width: features.width))
    for row in 0..<features.count {
      // A picture without a label is one of the many that are none of the new classes.
      let kind = labels[row].map { own.contains($0) ? 1 + $0 - own.lowerBound : 0 } ?? 0
      try study.add(Array(try features.row(row)), logits.row(row), kind: kind)
    }
    let open = labels.count { $0 == nil }
    if open > 0 { notes.append("\(open) pictures without labels are taken for none of your own classes") }
    try addDraws(&study, features, labels: labels, exit: exit, &notes)
    let (trained, counts) = try newRows(study, plan, limits)
    notes += counts
    let done = clock.now
    let steps = max(trained.report.steps, 1)
    return Result(
      heads: [trained], classes: names, prior: nil, supervision: .labels, isAgreement: false, policy: nil,
      goal: request.goal,
      meetsGoal: false, outcome: nil, alignedExits: [], isShifted: false, statistics: [], passes: cache.passes,
      skipped: [],
      labels: labels, gaps: ClassGaps([], answers: [], isTaught: true, Split(training: [], validation: [])),
      successions: [],
      progress: nil, verdict: nil, expected: nil, split: Split(training: [], validation: []),
      seconds: (seconds(started, passed), 0, seconds(passed, done)),
      stepMicroseconds: seconds(passed, done) * 1e6 / Double(steps), lastResort: .sum(at: exit), notes: notes)
  }

  /// Adds what stands for pictures that nobody has.
  private func addDraws(
    _ study: inout Study, _ features: FeatureTable, labels: [Int?], exit: Int, _ notes: inout [String]
  ) throws {
    let contents = session.model.bundle.contents
    guard let point = contents.trunk.exitPoint(exit),
      let layer = contents.trunk.graph.classifierLayer(reading: point.value)
    else {
      notes.append(
        "the classifier's last layer reads more than channel averages, so only your own pictures of other things keep old "
          + "answers from the new classes: give some with --unlabelled")
      return
    }
    var lowest = Float.infinity
    try features.each(Array(0..<features.count)) { _, row in
      for index in 0..<features.width { lowest = min(lowest, row[index]) }
    }
    let draws: GeneralDraws
    if let reference = try contents.reference?.reference() {
      draws = GeneralDraws(reference, layer, isPositive: lowest >= 0, seed: request.options.seed)
    } else {
      notes.append(
        "the bundle does not say what ordinary pictures look like (pexconvert --calibrate): the classifier's own weights stand "
          + "in for them, and old classes may lose some answers")
      study.isGuess = true
      draws = try GeneralDraws(
        around: features, classes: labels, layer, isPositive: lowest >= 0, seed: request.options.seed)
    }
    for (row, logits) in zip(draws.rows, draws.logits) { try study.add(row, logits[...], kind: 0) }
  }

  private func newRows(
    _ study: Study, _ plan: HeadPlan, _ limits: TrainingLimits
  ) throws -> (head: TrainedHead, notes: [String]) {
    let classes = 1 + plan.specification.classes
    let others = study.kinds.indices.filter { study.kinds[$0] == 0 }
    let mean = others.isEmpty ? 0 : others.reduce(0) { $0 + study.sums[$1] } / Float(others.count)
    let base = mean - Self.startBelow
    var offsets = [Float](repeating: base, count: study.kinds.count * classes)
    for (row, sum) in study.sums.enumerated() { offsets[row * classes] = sum }
    let targets = DepartureTargets(answers: study.kinds, labels: study.kinds, classes: classes, balances: false)
    let split = try newSplit(study.kinds)
    let rows = try RegressionRows(study.table, averages: plan.specification.channels)
    let departure = Departure(
      rows: rows, targets: targets, split: split, limits: limits, offsets: offsets,
      moving: (0..<classes).map { $0 > 0 })
    let choice = split.held.isEmpty ? nil : try departure.choose(mayStay: false)
    let layer = try departure.layer(
      strength: choice?.strength ?? Departure.fallbackStrength, on: (split.training + split.validation).sorted())
    let held = choice.map { Held($0.held, split.held, study.kinds, study.largest, classes: classes) }
    let shift = held.map { $0.shift(mayTake: Self.mayTake) - (study.isGuess ? Self.doubt : 0) } ?? 0
    let (weight, bias) = rows.layer(layer.weight, classes: classes)
    let width = study.table.width
    let head = try Head(
      plan.specification,
      numbers: [Array(weight[width...]), bias.dropFirst().map { $0 + base + shift }])
    let right = held?.right(shift)
    let report = HeadReport(
      exit: plan.exit, trainAccuracy: try Self.share(of: study, rightWith: head), validationAccuracy: right?.own,
      temperature: 1, threshold: nil,
      enabled: false, epochs: 1, steps: layer.iterations + (choice?.iterations ?? 0), losses: nil)
    let none = try LogitTable(classes: classes - 1, values: [])
    let percent = { (share: Double) in String(format: "%.1f %%", 100 * share) }
    let notes = right.map { right in
      let own =
        right.own.map { "\(percent($0)) of pictures of your own classes are answered right" }
        ?? "no class of your own has two pictures, so nothing says how often they are answered"
      return "held out: \(own); \(percent(right.kept)) of others keep the model's answer"
    }
    return (
      TrainedHead(head: head, report: report, heldLogits: none, fallbackTemperature: 1), [notes].compactMap(\.self)
    )
  }

  /// How many of the samples of new classes are answered right by a head that has trained on all of them.
  private static func share(of study: Study, rightWith head: Head) throws -> Double {
    let own = study.kinds.indices.filter { (study.kinds[$0] ?? 0) > 0 }
    guard !own.isEmpty else { return 0 }
    let right = try own.count { row in
      let logits = try head.logits(features: Array(try study.table.row(row)))
      guard let best = logits.indices.max(by: { logits[$0] < logits[$1] }) else { return false }
      return best + 1 == study.kinds[row] && logits[best] > study.largest[row]
    }
    return Double(right) / Double(own.count)
  }

  /// A split in which classes of one sample train alone.
  private func newSplit(_ kinds: [Int?]) throws -> Split {
    let rows = kinds.indices.filter { kinds[$0] != nil }
    guard Set(kinds.compactMap(\.self)).count >= 2 else { return Split(training: rows, validation: []) }
    let split = try Split.stratified(labels: kinds, fraction: request.options.validation, seed: request.options.seed)
    return try split.crossFitted(labels: kinds, seed: request.options.seed)
  }
}

/// What new rows answer for held-out samples.
private struct Held {
  /// The largest new logit less the largest old one.
  private var margins: [(margin: Float, isOwn: Bool, isRight: Bool)] = []

  init(_ logits: [Float], _ rows: [Int], _ kinds: [Int?], _ largest: [Float], classes: Int) {
    for (position, row) in rows.enumerated() {
      let new = logits[position * classes + 1..<(position + 1) * classes]
      let best = new.indices.max { new[$0] < new[$1] } ?? new.startIndex
      let kind = best - position * classes
      margins.append((new[best] - largest[row], kinds[row] != 0, kind == kinds[row]))
    }
  }

  /// What is added to all new logits: as much as lets them take hardly any sample that is not theirs, and no more than the new
  /// classes gain by.
  func shift(mayTake: Double) -> Float {
    let others = margins.filter { !$0.isOwn }.map(\.margin).sorted(by: >)
    let own = margins.filter { $0.isOwn && $0.isRight }.map(\.margin).sorted()
    guard !others.isEmpty else { return 0 }
    let limit = -others[min(others.count - 1, Int(mayTake * Double(others.count)))]
    // Where nothing was held out of the new classes, they get what they may.
    guard let weakest = own.first else { return min(limit, 5) }
    return min(limit, max(-weakest + 0.5, -2))
  }

  /// Shares of what is answered right: of the new classes' samples, nil where none was held out, and of all others.
  func right(_ shift: Float) -> (own: Double?, kept: Double) {
    let own = margins.filter(\.isOwn)
    let others = margins.filter { !$0.isOwn }
    return (
      own.isEmpty ? nil : Double(own.count { $0.isRight && $0.margin + shift > 0 }) / Double(own.count),
      Double(others.count { $0.margin + shift <= 0 }) / Double(max(others.count, 1))
    )
  }
}
