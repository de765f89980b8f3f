import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport

/// What the test suites of this module share: running whole graphs, and graphs of one operation.
enum Runs {
  /// The given values of a graph, its outputs when nil, computed by the kernels.
  static func values(
    _ graph: Graph, _ inputs: [Tensor], taps: [ValueID] = [], _ isa: InstructionSet = .current, threads: Int = 1
  ) throws -> [Tensor] {
    let plan = try ExecutionPlan(graph: graph, taps: taps, instructionSet: isa)
    let executor = try Executor(plan: plan, threads: threads)
    try executor.load(inputs: inputs)
    var values: [Tensor] = []
    for segment in 0..<plan.segmentCount {
      try executor.run(segment: segment)
      // A tap is there until the next segment runs.
      if segment < taps.count { values.append(try executor.value(taps[segment])) }
    }
    return try values + graph.outputs.map(executor.value)
  }

  /// Compares the kernels of every level with the interpreter.
  /// - Returns: the largest relative error of any output.
  static func error(_ graph: Graph, seed: UInt64) throws -> Float {
    let inputs = try randomInputs(graph, batch: 1, seed: seed)
    let expected = try Reference.run(graph, inputs: inputs)
    var largest: Float = 0
    for isa in InstructionSet.available {
      for (found, wanted) in zip(try values(graph, inputs, isa, threads: 2), expected) {
        largest = max(largest, relativeError(found, wanted))
      }
    }
    return largest
  }
}

/// Draws small numbers and constants for a graph under construction.
struct Draw {
  var generator: SplitMix64

  init(seed: Int) { generator = SplitMix64(seed: UInt64(seed)) }

  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  mutating func pick<Element>(from list: [Element]) -> Element { list[pick(0...list.count - 1)] }

  mutating func tensor(_ extents: [Int]) throws -> Tensor {
    try Tensor(extents, (0..<extents.reduce(1, *)).map { _ in generator.normal() })
  }
}
