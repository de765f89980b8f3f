import PexGraph
import PexTensor

/// Runs a branch on the taps of one session.
package final class BranchRunner {
  /// What it runs.
  let plan: BranchPlan
  /// Multiply-accumulates for one sample.
  let multiplyAccumulates: Int
  /// How the taps lie that it reads.
  let layout: Layout
  private let executor: Executor
  private let map: PooledMap

  /// - Parameter memory: where it runs; replaced by larger memory when it does not suffice.
  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  init(
    _ plan: BranchPlan, reading layout: Layout, _ isa: InstructionSet, pool: ThreadPool, _ memory: inout RunMemory?
  ) throws {
    let ready = try plan.prepared(isa, reading: layout)
    let shared =
      try memory.flatMap { $0.suffices(for: ready.weights.plan) ? $0 : nil }
      ?? RunMemory(pool: pool, plan: ready.weights.plan)
    memory = shared
    executor = Executor(weights: ready.weights, memory: shared)
    map = ready.map
    multiplyAccumulates = plan.branch.specification.multiplyAccumulates
    (self.plan, self.layout) = (plan, layout)
  }

  /// A runner with memory of its own.
  /// - Parameter isBlocked: whether the taps lie in blocks of channels; else they are row-major.
  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  package convenience init(_ plan: BranchPlan, _ isa: InstructionSet, pool: ThreadPool, isBlocked: Bool) throws {
    var memory: RunMemory?
    try self.init(plan, reading: isBlocked ? .blocked : .plain, isa, pool: pool, &memory)
  }

  /// How many numbers it gives.
  package var featureCount: Int { map.featureCount }

  /// Puts the averages and then the maxima of what the branch computes into `features`.
  /// - Parameter tap: `[channels, height, width]` of the branch's specification, in the runner's layout.
  /// - Throws: ``PexError`` as a run does.
  package func run(on tap: UnsafePointer<Float>, into features: UnsafeMutablePointer<Float>) throws {
    executor.load(lent: tap)
    try executor.run(through: executor.plan.segmentCount - 1)
    try executor.pool(map, into: features)
  }

  /// Whether the time of every step is taken.
  var profiles: Bool {
    get { executor.profiles }
    set { executor.profiles = newValue }
  }

  /// The steps of the last run with their times.
  var timings: [StepTiming] { executor.timings }
}
