import PexBundle
import PexGraph
import PexTensor

/// What heads read of the sample that is on its way: averages and maxima of taps, and of what branches compute of them.
///
/// Everything is computed when somebody first asks for it, once a sample however many heads read it, and into memory that
/// stays from run to run.
final class TapReader {
  private let model: Model
  private let executor: Executor
  private let pool: ThreadPool
  private var taps: [Int: Features] = [:]
  private var branches: [ObjectIdentifier: Branch] = [:]
  /// Where branches run, one after the other.
  private var memory: RunMemory?
  /// What one head reads.
  private var row: FloatBuffer?
  private var sample = 0
  /// Multiply-accumulates of the branches that have run for this sample.
  private(set) var multiplyAccumulates = 0

  /// Numbers of one tap or branch.
  private final class Features {
    let map: PooledMap?
    let numbers: FloatBuffer
    /// The sample that they are of.
    var sample = 0

    init(_ count: Int, of map: PooledMap? = nil) throws {
      self.map = map
      numbers = try FloatBuffer(count: count)
    }

    var values: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: numbers.base, count: numbers.count) }
  }

  private typealias Branch = (runner: BranchRunner, exit: Int, features: Features)

  /// - Parameter executor: what runs the trunk of `model`.
  init(_ model: Model, _ executor: Executor, pool: ThreadPool) {
    self.model = model
    self.executor = executor
    self.pool = pool
  }

  /// Forgets what was there: another sample comes.
  func begin() {
    sample &+= 1
    multiplyAccumulates = 0
  }

  /// The averages and then the maxima of the channels at an exit point, whose tap is there now or was asked for before in
  /// this run. They are valid until the next sample.
  /// - Throws: ``PexError``: (usage) when there is no such exit point, (defect) when the tap is not there.
  func pooled(_ exit: Int) throws -> UnsafeBufferPointer<Float> {
    let features = try taps[exit] ?? made(exit)
    guard features.sample != sample, let map = features.map else { return features.values }
    try timed(exit, "pool", 0) { try executor.pool(map, into: features.numbers.base) }
    features.sample = sample
    return features.values
  }

  private func made(_ exit: Int) throws -> Features {
    let map = try PooledMap(try tap(exit), in: model.plan.graph)
    let features = try Features(map.featureCount, of: map)
    taps[exit] = features
    return features
  }

  private func tap(_ exit: Int) throws -> ValueID { model.points[try model.segment(of: exit)].value }

  /// The same of what a branch computes of the tap at an exit point.
  /// - Throws: ``PexError`` as ``pooled(_:)``; (unsupported) when there is no memory.
  func features(of plan: BranchPlan, at exit: Int) throws -> UnsafeBufferPointer<Float> {
    if let known = branches[ObjectIdentifier(plan)], known.exit == exit, known.features.sample == sample {
      return known.features.values
    }
    return try executor.withStored(try tap(exit)) { numbers, layout in
      let branch = try branch(plan, at: exit, layout)
      branch.runner.profiles = executor.profiles
      try branch.runner.run(on: numbers, into: branch.features.numbers.base)
      branch.features.sample = sample
      multiplyAccumulates += branch.runner.multiplyAccumulates
      if executor.profiles { try record(branch.runner.timings, at: exit) }
      return branch.features.values
    }
  }

  private func branch(_ plan: BranchPlan, at exit: Int, _ layout: Layout) throws -> Branch {
    let key = ObjectIdentifier(plan)
    if let known = branches[key], known.exit == exit, known.runner.layout == layout { return known }
    // Heads that were exchanged do not come back; what has run for this sample is still read.
    if branches.count >= BundleLimits.exits { branches = branches.filter { $0.value.features.sample == sample } }
    let runner = try BranchRunner(plan, reading: layout, model.plan.instructionSet, pool: pool, &memory)
    let made: Branch = (runner, exit, try Features(runner.featureCount))
    branches[key] = made
    return made
  }

  /// A head's logits; see ``Executor/logits(_:_:)``. What it reads in front of its own tap has been asked for before.
  /// - Throws: ``PexError`` as ``pooled(_:)``, (defect) when the head reads something else than its specification says.
  func logits(_ readout: HeadReadout, at exit: Int) throws -> [Float] {
    let row =
      try self.row.flatMap { $0.count >= readout.featureCount ? $0 : nil }
      ?? FloatBuffer(count: readout.featureCount)
    self.row = row
    var count = 0
    for source in readout.sources {
      let numbers =
        switch source {
        case .tap(let exit): try pooled(exit)
        case .branch(let plan, let exit): try features(of: plan, at: exit)
        }
      guard let base = numbers.baseAddress, count + numbers.count <= readout.featureCount else { break }
      (row.base + count).update(from: base, count: numbers.count)
      count += numbers.count
    }
    guard count == readout.featureCount else {
      throw PexError(.defect, "\(count) features do not fit a head on \(readout.featureCount)")
    }
    return try timed(exit, "head", readout.multiplyAccumulates) { try executor.logits(readout, row.base) }
  }

  /// Takes down what a step of a head takes, when steps are timed.
  private func timed<Result>(
    _ exit: Int, _ word: String, _ multiplyAccumulates: Int, _ body: () throws -> Result
  ) throws -> Result {
    guard executor.profiles else { return try body() }
    let start = ContinuousClock.now
    let result = try body()
    executor.record(
      StepTiming(
        name: "exit \(exit)", mnemonic: word, kernel: word, segment: try model.segment(of: exit),
        multiplyAccumulates: multiplyAccumulates, nanoseconds: (ContinuousClock.now - start).nanoseconds))
    return result
  }

  private func record(_ timings: [StepTiming], at exit: Int) throws {
    let segment = try model.segment(of: exit)
    for var timing in timings {
      timing.name = "exit \(exit): \(timing.name)"
      timing.segment = segment
      executor.record(timing)
    }
  }
}
