import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport

/// What the test suites of this module share: running whole graphs, and graphs of one operation.
enum Runs {
  /// The given values of a graph, its outputs when nil, computed by the kernels.
  static func values(
    _ graph: Graph, _ inputs: [Tensor], taps: [ValueID] = [], _ isa: InstructionSet = .current, threads: Int = 1,
    chaining: ChainLimits = .standard
  ) throws -> [Tensor] {
    try profiled(graph, inputs, taps: taps, isa, threads: threads, chaining: chaining).values
  }

  /// The same, with the steps that ran.
  static func profiled(
    _ graph: Graph, _ inputs: [Tensor], taps: [ValueID] = [], _ isa: InstructionSet = .current, threads: Int = 1,
    chaining: ChainLimits = .standard
  ) throws -> (values: [Tensor], steps: [StepTiming]) {
    let plan = try ExecutionPlan(graph: graph, taps: taps, instructionSet: isa, chaining: chaining)
    let executor = try Executor(plan: plan, threads: threads)
    executor.profiles = true
    try executor.load(inputs: inputs)
    var values: [Tensor] = []
    for segment in 0..<plan.segmentCount {
      try executor.run(segment: segment)
      // A tap is there until the next segment runs.
      if segment < taps.count { values.append(try executor.value(taps[segment])) }
    }
    return (try values + graph.outputs.map(executor.value), executor.timings)
  }

  /// How far the kernels of one level are from the interpreter, and which kernels they were.
  struct Comparison {
    let isa: String
    let kernels: Set<String>
    let error: Float
  }

  /// Compares the kernels of every level with the interpreter.
  static func comparisons(_ graph: Graph, seed: UInt64, threads: Int = 2) throws -> [Comparison] {
    let inputs = try randomInputs(graph, batch: 1, seed: seed)
    let expected = try Reference.run(graph, inputs: inputs)
    return try InstructionSet.available.map { isa in
      let (values, steps) = try profiled(graph, inputs, isa, threads: threads)
      let error = zip(values, expected).map { relativeError($0, $1) }.max() ?? 0
      return Comparison(isa: isa.name, kernels: Set(steps.map(\.kernel)), error: error)
    }
  }

  /// Whether taps, threads and chains leave every byte of the outputs as it is, on every level.
  static func isSteady(_ graph: Graph, seed: UInt64, threads: ClosedRange<Int> = 1...3) throws -> Bool {
    let inputs = try randomInputs(graph, batch: 1, seed: seed)
    let inner = graph.nodes.flatMap(\.outputs)
    return try InstructionSet.available.allSatisfy { isa in
      let expected = try values(graph, inputs, isa)
      return try threads.allSatisfy { threads in
        let alone = try values(graph, inputs, isa, threads: threads)
        let tapped = try values(graph, inputs, taps: inner, isa, threads: threads).suffix(expected.count)
        let chained = try values(graph, inputs, isa, threads: threads, chaining: ChainTests.everywhere(1 << 20))
        return zip(expected, alone).allSatisfy { $0.isIdentical(to: $1) }
          && zip(expected, chained).allSatisfy { $0.isIdentical(to: $1) }
          && zip(expected, tapped).allSatisfy { $0.isIdentical(to: $1) }
      }
    }
  }

  /// Compares the kernels of every level with the interpreter.
  /// - Returns: the largest relative error of any output.
  static func error(_ graph: Graph, seed: UInt64) throws -> Float {
    try comparisons(graph, seed: seed).map(\.error).max() ?? 0
  }
}

/// Draws small numbers and constants for a graph under construction.
struct Draw {
  var generator: SplitMix64

  init(seed: Int) { generator = SplitMix64(seed: UInt64(seed)) }

  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  mutating func picks(_ count: Int, _ range: ClosedRange<Int>) -> [Int] { (0..<count).map { _ in pick(range) } }

  mutating func pick<Element>(from list: [Element]) -> Element { list[pick(0...list.count - 1)] }

  mutating func tensor(_ extents: [Int]) throws -> Tensor {
    try Tensor(extents, (0..<extents.reduce(1, *)).map { _ in generator.normal() })
  }
}
