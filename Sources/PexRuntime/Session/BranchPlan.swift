import PexGraph
import PexHeads
import PexTensor
import Synchronization

/// A branch made ready to run, shared by all sessions: planned and packed when it first runs.
public final class BranchPlan: Sendable {
  /// What runs.
  public let branch: Branch
  /// By the layout of the tap: a branch reads it as it lies.
  private let ready = Mutex<[Layout: Ready]>([:])

  /// A branch of which nothing is planned yet.
  public init(_ branch: Branch) { self.branch = branch }

  /// The weights that executors run with, and the map that they compute.
  struct Ready: Sendable {
    let weights: PackedWeights
    let map: PooledMap
  }

  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  func prepared(_ isa: InstructionSet, reading layout: Layout) throws -> Ready {
    try ready.withLock { ready in
      if let made = ready[layout] { return made }
      var graph = Graph()
      let extents = [branch.specification.channels] + branch.specification.spatial
      let tap = try graph.addInput("tap", ValueType(.float32, [.batch] + extents.map { .fixed($0) }))
      let map = try graph.add(branch, on: tap, name: "branch")
      graph.addOutput(map)
      let plan = try ExecutionPlan(graph: graph, taps: [], instructionSet: isa, lent: layout)
      let made = Ready(weights: try PackedWeights(plan: plan), map: try PooledMap(map, in: graph))
      ready[layout] = made
      return made
    }
  }
}
