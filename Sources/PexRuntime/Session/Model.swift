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
    points = Self.points(bundle.contents)
    cost = bundle.graph.cost()
    plan = try naming(bundle.name) { try Self.plan(bundle.contents) }
    weights = try PackedWeights(
      plan: plan, trunk: bundle.contents.trunk.digest, ready: bundle.contents.packed,
      verify: { try bundle.verify(constant: $0) },
      release: { bundle.release(constant: $0) })
  }

  private static func points(_ contents: BundleContents) -> [ExitPointRecord] {
    contents.trunk.exitPoints.sorted {
      ($0.multiplyAccumulates, $0.number) < ($1.multiplyAccumulates, $1.number)
    }
  }

  private static func plan(_ contents: BundleContents, _ isa: InstructionSet = .current) throws -> ExecutionPlan {
    try ExecutionPlan(graph: contents.trunk.graph, taps: points(contents).map(\.value), instructionSet: isa)
  }

  /// The trunk's weights as this CPU's kernels want them, to be kept in the bundle.
  /// - Throws: ``PexError`` as planning and packing do.
  public static func packedWeights(
    _ contents: BundleContents, threads: Int = ThreadPool.defaultThreads
  ) throws -> PackedRecord {
    try PackedWeights(plan: try plan(contents), trunk: contents.trunk.digest).record(threads: threads)
  }

  /// Packs a bundle's weights anew and compares them with those that it holds packed.
  /// - Returns: whether they could be compared: this CPU has the kernels, which arrange this trunk's weights as the
  ///   bundle says.
  /// - Throws: ``PexError`` (malformed) when they differ; as planning and packing do.
  public static func checkPackedWeights(_ contents: BundleContents) throws -> Bool {
    guard let stored = contents.packed, let isa = InstructionSet.named(stored.instructionSet) else { return false }
    let found = try PackedWeights(plan: try plan(contents, isa), trunk: contents.trunk.digest)
      .record(threads: ThreadPool.defaultThreads)
    guard found.arrangement == stored.arrangement else { return false }
    guard found.segments.count == stored.segments.count else {
      throw PexError(
        .malformed,
        "packed tensors: expected \(found.segments.count) segments, found \(stored.segments.count)",
        hint: "convert the model again")
    }
    for (segment, (found, stored)) in zip(found.segments, stored.segments).enumerated()
    where !found.isIdentical(to: stored) {
      throw PexError(
        .malformed, "packed tensors: segment \(segment) does not hold what the trunk's tensors give",
        hint: "convert the model again")
    }
    return true
  }

  /// Bytes that a session on one thread takes besides the weights.
  package var sessionBytes: Int { plan.arenaBytes + plan.scratchBytes }

  /// Whether the bundle's packed weights are used, rather than packed now.
  public var usesPackedWeights: Bool { weights.isReady }

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
