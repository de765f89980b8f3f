import PexExits
import PexGraph
import PexHeads
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Heads are computed by kernels on taps as they lie, and in training by plain Swift on row-major ones: the same bytes.
@Suite struct HeadLogitsTests {
  @Test(arguments: [1, 7, 16, 17, 40])
  func kernelsComputeWhatHeadsDo(channels: Int) throws {
    var sketch = Sketch(seed: channels)
    let x = try sketch.input([.batch, 5, 9, 11])
    let tap = try sketch.convolution(x, channels, 3)
    let graph = try sketch.finished(try sketch.unary(.relu, tap))
    let extents = graph[tap].type.perSample
    let specification = try HeadSpecification(
      kind: .linear, channels: channels, spatial: Array(extents.dropFirst(2)), classes: 37)
    let head = try Head.random(specification, seed: UInt64(channels))
    let inputs = try randomInputs(graph, batch: 1, seed: 3)
    for isa in InstructionSet.available {
      for threads in 1...3 {
        let plan = try ExecutionPlan(graph: graph, taps: [tap], instructionSet: isa)
        let executor = try Executor(plan: plan, threads: threads)
        try executor.load(inputs: inputs)
        try executor.run(segment: 0)
        let expected = try executor.withValue(tap) { try head.logits(tap: $0) }
        #expect(try executor.logits(of: head, tap: tap) == expected, "on \(isa.name)")
      }
    }
  }
}
