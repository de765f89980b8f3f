import PexGraph
import PexHeads
import PexTensor
import Synchronization

/// A branch made ready to run, shared by all sessions: planned and packed when it first runs.
public final class BranchPlan: Sendable {
  /// What runs.
  public let branch: Branch
  private let ready = Mutex<Ready?>(nil)

  /// A branch of which nothing is planned yet.
  public init(_ branch: Branch) { self.branch = branch }

  /// The weights that executors run with, and the map that they compute.
  struct Ready: Sendable {
    let weights: PackedWeights
    let map: ValueID
  }

  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  func prepared(_ isa: InstructionSet) throws -> Ready {
    try ready.withLock { ready in
      if let ready { return ready }
      var graph = Graph()
      let extents = [branch.specification.channels] + branch.specification.spatial
      let tap = try graph.addInput("tap", ValueType(.float32, [.batch] + extents.map { .fixed($0) }))
      let map = try graph.add(branch, on: tap, name: "branch")
      graph.addOutput(map)
      let plan = try ExecutionPlan(graph: graph, taps: [], instructionSet: isa)
      let made = Ready(weights: try PackedWeights(plan: plan), map: map)
      ready = made
      return made
    }
  }
}

/// Runs a branch on the taps of one session.
package final class BranchRunner {
  private let executor: Executor
  private let map: ValueID

  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  package init(_ plan: BranchPlan, _ isa: InstructionSet, pool: ThreadPool) throws {
    let ready = try plan.prepared(isa)
    executor = try Executor(weights: ready.weights, pool: pool)
    map = ready.map
  }

  /// The averages and then the maxima of what the branch computes.
  /// - Parameter tap: `[channels, height, width]`, row-major.
  /// - Throws: ``PexError`` (defect) when the tap is another than the branch reads.
  package func features(of tap: UnsafeBufferPointer<Float>) throws -> [Float] {
    try executor.load(numbers: tap)
    try executor.run(through: executor.plan.segmentCount - 1)
    return try executor.pooled(map)
  }
}
