import PexBundle
import PexGraph
import PexTensor

/// An open bundle made ready to run: the trunk's plan and its packed weights, shared by all sessions.
///
/// The plan has a segment for every exit point, whether an exit stands there or not, so a result never depends on
/// which exits a bundle has.
public final class Model: Sendable {
  /// The bundle.
  public let bundle: BundleFile
  /// Every place where a head can read, by depth.
  public let points: [ExitPointRecord]
  /// What the whole trunk costs, for one sample.
  public let cost: Cost
  let plan: ExecutionPlan
  let weights: PackedWeights

  /// Plans a bundle. Weights are checked and packed when a run first needs them.
  /// - Throws: ``PexError`` (unsupported) when the network needs more memory than there is, or other numbers than f32.
  public init(_ bundle: BundleFile) throws {
    self.bundle = bundle
    points = bundle.contents.trunk.exitPoints.sorted {
      ($0.multiplyAccumulates, $0.number) < ($1.multiplyAccumulates, $1.number)
    }
    cost = bundle.graph.cost()
    plan = try naming(bundle.name) { [points] in
      try ExecutionPlan(graph: bundle.graph, taps: points.map(\.value))
    }
    weights = try PackedWeights(
      plan: plan, verify: { try bundle.verify(constant: $0) }, release: { bundle.release(constant: $0) })
  }

  /// The kernels that compute: `avx512`, `avx2` or `portable`.
  public var instructionSet: String { plan.instructionSet.name }

  /// The share of the whole trunk's multiply-accumulates that an exit's prefix takes; 1 for the final classifier.
  public func prefixShare(_ exit: ExitName) -> Double {
    guard case .exit(let number) = exit, let point = bundle.contents.trunk.exitPoint(number) else { return 1 }
    return Double(point.multiplyAccumulates) / Double(max(cost.multiplyAccumulates, 1))
  }

  /// Made-up numbers for every input, with a batch of one: for timings.
  /// - Throws: ``PexError`` (malformed) when an input's size overflows.
  public func syntheticSample() throws -> [Tensor] {
    var generator = SplitMix64(seed: 1)
    return try bundle.graph.inputs.map { input in
      let extents = bundle.graph[input.value].type.perSample
      return try Tensor(extents, (0..<extents.reduce(1, *)).map { _ in generator.normal() })
    }
  }

  /// The segment that computes an exit point's value.
  /// - Throws: ``PexError`` (usage) when there is no such exit point.
  func segment(of exit: Int) throws -> Int {
    guard let index = points.firstIndex(where: { $0.number == exit }) else {
      throw PexError(
        .usage, "there is no exit point \(exit)", hint: "exit points: 1 to \(bundle.contents.trunk.exitPoints.count)")
    }
    return index
  }
}
