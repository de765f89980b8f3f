import CPexKernels
import PexHeads
import PexRuntime
import PexTensor

/// Trains the branches of base heads, all at once: the trunk runs anew for every sample of every epoch, each time on another
/// view of the picture, and the heads learn on what it gives.
///
/// Elsewhere the trunk runs once a sample. Here it would not do: maps of many samples fill a disk, and a branch that meets
/// the same maps in every epoch learns them by heart.
struct BranchTraining {
  /// How branches are trained.
  struct Options {
    var epochs = 8
    var batch = 128
    var rate = 0.003
    var decay: Float = 0.001
    var optimizer = TrainingOptions.Optimizer.adam
    var augmentation = Augmentation()
    var seed: UInt64 = 0

    /// Whether losses are taken down.
    var recordsLosses = false

    /// What was asked for; what was left open is chosen from the number of samples.
    init(_ options: TrainingOptions, augmentation: Augmentation, samples: Int) {
      // Fewer samples take more epochs, so that the number of steps does not shrink as fast.
      batch = options.batch ?? (samples < 2000 ? 32 : 128)
      epochs = options.epochs ?? max(8, min(60, 2000 * batch / max(samples, 1)))
      rate = options.learningRate ?? (options.optimizer == .adam ? 0.003 : 0.03)
      decay = options.weightDecay.map { Float($0) } ?? 0.001
      (optimizer, seed, self.augmentation) = (options.optimizer, options.seed, augmentation)
      recordsLosses = options.recordsLosses
    }
  }

  /// A trained branch and the fully connected layer that was trained with it.
  struct Trained {
    let branch: Branch
    let layer: (weight: [Float], bias: [Float])
    /// How its loss moved, epoch by epoch; nil when nobody wanted to know.
    let losses: LossHistory?
  }

  let session: Session
  let plans: [HeadPlan]
  let options: Options
  /// The classifier's part in the loss, and the temperature at which heads are compared with it; nil when labels alone teach.
  let teacher: (mix: Float, temperature: Float)?
  private let pool: ThreadPool

  /// How many samples scales and standardisation are taken from.
  private static let firstSamples = 512

  init(_ session: Session, _ plans: [HeadPlan], _ options: Options, teacher: (mix: Float, temperature: Float)?) throws {
    (self.session, self.plans, self.options, self.teacher) = (session, plans, options, teacher)
    pool = try ThreadPool(threads: session.threads)
  }

  /// Trains on some samples.
  /// - Parameters:
  ///   - rows: numbers of the samples, all of which can be read.
  ///   - held: numbers of others, which losses are measured on where they are taken down.
  ///   - labels: for each sample of the source its class among the heads', or nil.
  ///   - classes: numbers of the heads' classes among the classifier's.
  ///   - progress: called after every batch with how many views are done, and of how many.
  /// - Returns: one of each plan, in their order.
  /// - Throws: whatever reading a sample throws; ``PexError`` (malformed) when numbers overflow; `CancellationError`.
  func run(
    _ source: TrainingSamples, rows: [Int], held: [Int], labels: [Int?], classes: [Int], limits: TrainingLimits,
    progress: (Int, Int) -> Void
  ) throws -> [Trained] {
    let sessions = try (0..<pool.threads).map { _ in try Session(session.model, heads: session.heads, threads: 1) }
    let wanted = Wanted(plans)
    var generator = SplitMix64(seed: options.seed)
    let first = Array(generator.permutation(rows.count).prefix(Self.firstSamples)).map { rows[$0] }
    let start = try batch(first, source, sessions, wanted, views: nil)
    let trainers = try pool.results(plans.count) { _, index in
      let plan = plans[index]
      return InTraining(
        try BranchTrainer(
          plan.specification, branch: .random(branch(of: plan), seed: options.seed &+ UInt64(plan.exit)), readout: nil,
          samples: Array(first.indices), start.source(plan), optimizer: options.optimizer))
    }.map { try $0.get() }
    let size = min(options.batch, rows.count)
    let steps = (rows.count + size - 1) / size
    var histories = plans.map { _ in LossHistory() }
    let measured: [Measured] = try (options.recordsLosses ? [rows, held] : []).map { rows in
      let some = Self.thinned(rows)
      let batch = try batch(some, source, sessions, wanted, views: nil)
      return Measured(batch: batch, targets: try targets(batch, some.map { labels[$0] }, classes), count: some.count)
    }
    try record(trainers, measured, &histories)
    for epoch in 0..<options.epochs where !limits.isOver {
      let order = generator.permutation(rows.count)
      for step in 0..<steps {
        try limits.check()
        if limits.isOver { break }
        let samples = order[step * size..<min((step + 1) * size, rows.count)].map { rows[$0] }
        let views = samples.map { _ in generator.next() }
        let batch = try batch(samples, source, sessions, wanted, views: views)
        let targets = try targets(batch, samples.map { labels[$0] }, classes)
        let done = Double(epoch * steps + step) / Double(options.epochs * steps)
        // A short run-up: the first steps' moments say little.
        let rate = cosineRate(options.rate, progress: done) * min(1, Float(epoch * steps + step + 1) / 100)
        _ = try pool.results(plans.count) { _, index in
          let state = pex_flush_denormals()
          defer { pex_restore_denormals(state) }
          let share = 1 / Float(samples.count)
          try trainers[index].trainer.step(
            Array(samples.indices), batch.source(plans[index]),
            gradient: { targets.gradient($0, $1, scale: share) }, rate: rate, decay: options.decay)
        }.map { try $0.get() }
        progress(epoch * rows.count + min((step + 1) * size, rows.count), options.epochs * rows.count)
      }
      try record(trainers, measured, &histories)
    }
    return try trainers.enumerated().map { index, head in
      Trained(
        branch: try head.trainer.branch(), layer: head.trainer.layer,
        losses: options.recordsLosses ? histories[index] : nil)
    }
  }

  /// Samples that losses are measured on, as they are, with what the trunk gave for them.
  private struct Measured: Sendable {
    let batch: Batch
    let targets: Targets
    let count: Int
  }

  /// At most as many as losses are measured on, spread evenly.
  private static func thinned(_ rows: [Int]) -> [Int] {
    let count = min(rows.count, LossHistory.measuredSamples)
    return (0..<count).map { rows[$0 * rows.count / count] }
  }

  /// Takes down every branch's losses as they are now.
  private func record(_ trainers: [InTraining], _ measured: [Measured], _ histories: inout [LossHistory]) throws {
    guard !measured.isEmpty else { return }
    let losses = try pool.results(plans.count) { _, index in
      try measured.map { measured -> Double? in
        guard measured.count > 0 else { return nil }
        let rows = Array(0..<measured.count)
        let values = try trainers[index].trainer.logits(rows, measured.batch.source(plans[index]))
        let table = try? LogitTable(classes: plans[index].specification.classes, values: values)
        // What overflows is no failure here: training decides about that.
        return try table.map { try measured.targets.loss($0, rows) } ?? .infinity
      }
    }.map { try $0.get() }
    for index in histories.indices { histories[index].record(training: losses[index][0] ?? 0, held: losses[index][1]) }
  }

  private func branch(of plan: HeadPlan) throws -> BranchSpecification {
    guard let branch = plan.specification.branch else {
      throw PexError(.defect, "the head of exit \(plan.exit) has no branch to train")
    }
    return branch
  }

  private func targets(_ batch: Batch, _ labels: [Int?], _ classes: [Int]) throws -> Targets {
    guard let teacher else { return Targets(labels: labels) }
    let logits = try LogitTable(classes: batch.classes, values: batch.logits).limited(to: classes, prior: nil)
    return Targets(
      labels: labels, teacher: Teacher(logits: logits, temperature: teacher.temperature, mix: teacher.mix))
  }

  /// Runs the trunk on some samples.
  /// - Parameter views: what decides how each is changed; nil to take them as they are.
  private func batch(
    _ samples: [Int], _ source: TrainingSamples, _ sessions: [Session], _ wanted: Wanted, views: [UInt64]?
  ) throws -> Batch {
    let rows = try pool.results(samples.count) { worker, position in
      let state = pex_flush_denormals()
      defer { pex_restore_denormals(state) }
      var inputs = try source.inputs(samples[position])
      if let views {
        var generator = SplitMix64(seed: views[position])
        inputs = try options.augmentation.applied(to: inputs, &generator)
      }
      return try wanted.row(inputs, sessions[worker], toTheEnd: teacher != nil)
    }.map { try $0.get() }
    return Batch(rows: rows)
  }
}

/// A head in training, which one thread at a time moves in place.
private final class InTraining {
  var trainer: BranchTrainer

  init(_ trainer: BranchTrainer) { self.trainer = trainer }
}

/// What the heads in training read.
private struct Wanted {
  /// Exits whose map is read, and those whose pooled features are.
  let maps: Set<Int>
  let pooled: Set<Int>

  init(_ plans: [HeadPlan]) {
    maps = Set(plans.map(\.exit))
    pooled = Set(plans.flatMap { $0.specification.taps(at: $0.exit) })
  }

  func row(_ inputs: [Tensor], _ session: Session, toTheEnd: Bool) throws -> Batch.Row {
    var row = Batch.Row()
    let logits = try session.taps(inputs, at: maps.union(pooled).sorted(), toTheEnd: toTheEnd) { exit, tap in
      if maps.contains(exit) { row.maps[exit] = try tap.withNumbers { Array($0) } }
      if pooled.contains(exit) { row.pooled[exit] = try tap.pooled() }
    }
    row.logits = logits ?? []
    return row
  }
}

/// What the trunk gave for some samples.
private struct Batch: Sendable {
  struct Row: Sendable {
    var maps: [Int: [Float]] = [:]
    var pooled: [Int: [Float]] = [:]
    var logits: [Float] = []
  }

  let rows: [Row]

  var logits: [Float] { rows.flatMap(\.logits) }
  var classes: Int { rows.first?.logits.count ?? 0 }

  /// A head's samples: positions in the batch.
  func source(_ plan: HeadPlan) -> BranchTrainer.Source {
    let taps = plan.specification.taps(at: plan.exit)
    return { position, body in
      let row = rows[position]
      guard let map = row.maps[plan.exit] else { throw PexError(.defect, "exit \(plan.exit) was not computed") }
      let features = taps.flatMap { row.pooled[$0] ?? [] }
      try map.withUnsafeBufferPointer { map in
        try features.withUnsafeBufferPointer { features in
          guard let tap = map.baseAddress else { return }
          try body(.init(tap: tap, pooled: features.baseAddress))
        }
      }
    }
  }
}
