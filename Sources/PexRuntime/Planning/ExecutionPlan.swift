import Foundation
import PexGraph
import PexTensor

/// How a graph is computed, one sample at a time: steps in segments between taps, and where every value lies in memory.
///
/// Segment `i` computes what tap `i` needs beyond the segments before it; the last one, the tail, what the outputs and
/// the classifier's logits still need. Nothing of a segment is touched before it runs. A value's bytes depend on the
/// graph, the sample and the instruction set alone, not on which values are tapped.
public final class ExecutionPlan: Sendable {
  /// The graph that is computed.
  public let graph: Graph
  /// The values that ``Executor`` gives out on the way, ascending by depth.
  public let taps: [ValueID]
  /// The kernels that compute.
  public let instructionSet: InstructionSet
  /// Bytes that an executor's feature maps take.
  public let arenaBytes: Int
  /// Bytes of scratch that each of an executor's threads takes.
  public let scratchBytes: Int
  let segments: [Segment]
  /// All steps in the order in which they run: where they stand in ``segments``.
  let order: [(segment: Int, index: Int)]
  /// For each segment the position of its first step in ``order``, and behind them the number of steps.
  let starts: [Int]
  let chains: [StripChain]
  /// For each position in ``order`` the chain that begins there.
  let chainStarts: [Int?]
  let memory: MemoryPlan
  /// What each value that is given out is, when, and how.
  let given: [ValueID: GivenValue]
  /// The only input, when whoever runs the plan lends the memory that it lies in.
  let lentInput: Stored?

  /// The number of segments: one for each tap, and the tail.
  public var segmentCount: Int { segments.count }

  /// Plans a graph.
  ///
  /// - Parameters:
  ///   - graph: a verified graph.
  ///   - taps: values of the graph, ascending by depth, each once.
  ///   - memoryLimit: the most bytes that a plan may need.
  /// - Throws: ``PexError`` (unsupported) when a value is not float32 or the memory exceeds the limit, (malformed)
  ///   when sizes cannot be addressed, (usage) when a tap is not in the graph, or one twice.
  public convenience init(
    graph: Graph, taps: [ValueID] = [], memoryLimit: Int = ExecutionPlan.physicalMemory
  ) throws {
    try self.init(graph: graph, taps: taps, memoryLimit: memoryLimit, instructionSet: .current)
  }

  /// The same for kernels of a chosen level.
  package convenience init(
    graph: Graph, taps: [ValueID], memoryLimit: Int = ExecutionPlan.physicalMemory, instructionSet: InstructionSet,
    chaining limits: ChainLimits = .standard
  ) throws {
    try self.init(
      graph: graph, taps: taps, memoryLimit: memoryLimit, instructionSet: instructionSet, chaining: limits,
      lent: nil)
  }

  /// The same for an input that is read where somebody else has it.
  /// - Parameter layout: how it lies there; nil when inputs are copied into the executor's memory.
  init(
    graph: Graph, taps: [ValueID], memoryLimit: Int = ExecutionPlan.physicalMemory, instructionSet: InstructionSet,
    chaining limits: ChainLimits = .standard, lent layout: Layout?
  ) throws {
    for tap in taps where !graph.values.indices.contains(tap.index) {
      throw PexError(.usage, "tap #\(tap.index) is not a value of the graph")
    }
    guard Set(taps).count == taps.count else { throw PexError(.usage, "a value is tapped twice") }
    for value in graph.values { try naming("value '\(value.name)'") { try value.type.validate() } }
    for input in graph.inputs where graph[input.value].type.dtype != .float32 {
      let value = graph[input.value]
      throw PexError(.unsupported, "input '\(value.name)' is \(value.type): only f32 is computed with")
    }
    let results = graph.outputs + (graph.classifier.map { [$0.output, $0.logits] } ?? [])
    let cut = SegmentCut(graph, taps: taps, rest: results)
    let factory = StepFactory(graph: graph, isa: instructionSet, roots: graph.memoryOwners())
    let inputs = graph.inputs.map { layout == .blocked ? factory.blocked($0.value) : factory.plain($0.value) }
    guard layout == nil || inputs.count == 1 else {
      throw PexError(.defect, "a plan with \(inputs.count) inputs cannot have one that is lent")
    }
    lentInput = layout == nil ? nil : inputs.first
    var builder = SegmentBuilder(factory: factory, kept: Set(taps + results), inputs: inputs)
    try builder.build(cut)
    let placement = ConcatPlacement(&builder.segments)
    let steps = builder.segments.flatMap(\.steps)
    order = builder.segments.enumerated().flatMap { number, segment in
      segment.steps.indices.map { (number, $0) }
    }
    starts = builder.segments.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.steps.count) }
    let chains = StripChain.all(
      zip(steps, order.map(\.segment)).map { ($0, $1) }, given: builder.given, joined: Set(placement.joins.keys),
      limits)
    var chainStarts = [Int?](repeating: nil, count: steps.count)
    for (number, chain) in chains.enumerated() { chainStarts[chain.steps.lowerBound] = number }
    (self.chains, self.chainStarts) = (chains, chainStarts)
    // What a chain's first step reads must not go before its last one is done.
    let ends = chains.reduce(into: builder.ends) { ends, chain in
      for input in steps[chain.steps.lowerBound].inputs {
        ends[input] = max(ends[input] ?? 0, chain.steps.upperBound - 1)
      }
    }
    memory = try MemoryPlan(
      steps: steps, inputs: layout == nil ? inputs : [], ends: ends, joins: placement.joins,
      size: factory.floats)
    let scratch = (steps.map(\.kernel.scratchFloats) + chains.map(\.scratchFloats)).max() ?? 0
    (arenaBytes, scratchBytes) = try Self.bytes(memory.floats, scratch, limit: memoryLimit)
    self.graph = graph
    self.taps = taps
    self.instructionSet = instructionSet
    segments = builder.segments
    given = builder.given
  }

  /// Whether some steps may be computed together, some rows at a time.
  package var hasChains: Bool { !chains.isEmpty }

  /// The bytes of memory that this machine has.
  public static var physicalMemory: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  private static func bytes(_ arena: Int, _ scratch: Int, limit: Int) throws -> (Int, Int) {
    let size = MemoryLayout<Float>.stride
    let (sum, overflow) = arena.addingReportingOverflow(scratch)
    let (bytes, tooLarge) = sum.multipliedReportingOverflow(by: size)
    guard !overflow, !tooLarge else {
      throw PexError(.malformed, "the network's feature maps are too large to address")
    }
    guard bytes <= limit else {
      throw PexError(
        .unsupported,
        "the network's feature maps and scratch take \(bytes) bytes, more than the limit of \(limit)")
    }
    return (arena * size, scratch * size)
  }
}

/// Something that an executor gives out.
struct GivenValue: Sendable {
  /// Where it lies, or the constant that it is.
  let stored: Stored
  /// The segment after which it is there; -1 for inputs and constants.
  let segment: Int
  /// Whether it stays until the run's end; a tap is there only until the next segment runs.
  var stays: Bool
}
