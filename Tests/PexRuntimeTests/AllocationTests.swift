import PexAllocations
import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// What a run needs is found when its segment runs first. Only allocations of this test's own thread are counted.
@Suite(.enabled(if: pex_allocations() >= 0, "allocations can be counted"))
struct AllocationTests {
  /// Every kind of step but those of the interpreter and plain concatenations, which look their parts up on each run.
  static func graph() throws -> Graph {
    var sketch = Sketch(seed: 1)
    let x = try sketch.convolution(sketch.input([.batch, 3, 30, 26]), 32, Window(kernel: [5, 5], strides: [2, 2]))
    let y = try sketch.convolution(sketch.unary(.relu, x), 32, 3)
    let gate = try sketch.unary(
      .sigmoid, sketch.convolution(sketch.add(.globalPooling(GlobalPooling(kind: .average)), y), 32, 1))
    let z = try sketch.convolution(sketch.binary(.multiply, y, gate), 32, 3, groups: 32)
    let joined = try sketch.concat(1, sketch.normalization(z), x, y)
    let deep = try sketch.convolution(sketch.convolution(joined, 40, 1), 40, 3, groups: 40)
    let pooling = Pooling(kind: .maximum, window: Window(kernel: [2, 2], strides: [2, 2]))
    let pooled = try sketch.add(.pooling(pooling), sketch.convolution(deep, 17, 1, groups: 1))
    let padded = try sketch.add(.pad(Pad(before: [0, 0, 1, 0], after: [0, 0, 0, 1])), pooled)
    let moved = try sketch.binary(
      .add, sketch.add(.transpose(Transpose([0, 1, 3, 2])), padded), sketch.constant([1, 1, 1, 1]))
    let reduced = try sketch.add(
      .reduce(Reduce(.mean, axes: [2, 3], keepsAxes: false)), sketch.unary(.hardSwish, moved))
    return try sketch.finished(sketch.add(.linear(Linear()), reduced, sketch.constant([10, 17])))
  }

  /// Allocations of ten runs, and the number of their steps.
  private func allocations(_ isa: InstructionSet, threads: Int, chained: Bool = false) throws -> (
    count: Int, steps: Int
  ) {
    let graph = try Self.graph()
    let inputs = try randomInputs(graph, batch: 1, seed: 1)
    let plan = try ExecutionPlan(
      graph: graph, taps: [], instructionSet: isa, chaining: chained ? ChainTests.everywhere(1 << 20) : .standard)
    let executor = try Executor(plan: plan, threads: threads)
    var count = 0
    #expect(plan.hasChains == chained)
    for run in 0..<12 {
      try executor.load(inputs: inputs)
      let before = pex_allocations()
      try executor.run(segment: 0)
      if run >= 2 { count += pex_allocations() - before }
    }
    return (count, 10 * (try Runs.profiled(graph, inputs, isa).steps.count))
  }

  @Test func aSteadyRunOfOneThreadAllocatesNothing() throws {
    for isa in InstructionSet.available {
      #expect(try allocations(isa, threads: 1).count == 0, "on \(isa.name)")
      #expect(try allocations(isa, threads: 1, chained: true).count == 0, "on \(isa.name), chained")
    }
  }

  /// A loop that is shared puts its closure on the heap.
  @Test func sharedLoopsAllocateNoMoreThanTheirClosures() throws {
    for isa in InstructionSet.available {
      let (count, steps) = try allocations(isa, threads: 3)
      #expect(count <= steps, "on \(isa.name)")
    }
  }
}
