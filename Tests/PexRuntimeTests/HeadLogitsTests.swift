import PexExits
import PexGraph
import PexHeads
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Heads are computed by kernels on taps as they lie, and in training by plain Swift on row-major ones: the same bytes.
@Suite struct HeadLogitsTests {
  /// Maps of less than one run of a sum, and of several with a rest.
  @Test(arguments: [1, 7, 16, 17, 40], [[9, 11], [19, 23]])
  func kernelsComputeWhatHeadsDo(channels: Int, spatial: [Int]) throws {
    var sketch = Sketch(seed: channels)
    let x = try sketch.input([.batch, 5] + spatial.map(Dimension.fixed))
    let tap = try sketch.convolution(x, channels, 3)
    let graph = try sketch.finished(try sketch.unary(.relu, tap))
    let specification = try HeadSpecification(kind: .linear, channels: channels, spatial: spatial, classes: 37)
    let head = try Head.random(specification, seed: UInt64(channels))
    let readout = try HeadReadout(head, at: 1)
    let inputs = try randomInputs(graph, batch: 1, seed: 3)
    for isa in InstructionSet.available {
      for threads in 1...3 {
        let plan = try ExecutionPlan(graph: graph, taps: [tap], instructionSet: isa)
        let executor = try Executor(plan: plan, threads: threads)
        try executor.load(inputs: inputs)
        try executor.run(segment: 0)
        let expected = try executor.withValue(tap) { try head.logits(tap: $0) }
        let features = try executor.pooled(tap)
        #expect(try executor.logits(readout, features) == expected, "on \(isa.name)")
      }
    }
  }

  @Test func averagesAreThoseOfExactSums() {
    var generator = SplitMix64(seed: 4)
    for extent in [1, 5, 8, 127, 128, 129, 1000, 40_000] {
      let map = (0..<3 * extent).map { _ in 100 + generator.normal() }
      let features = map.withUnsafeBufferPointer { pooledFeatures($0, channels: 3) }
      for channel in 0..<3 {
        let values = map[channel * extent..<(channel + 1) * extent]
        let average = values.reduce(0.0) { $0 + Double($1) } / Double(extent)
        #expect(abs(Double(features[channel]) - average) <= 2e-7 * average, "\(extent) numbers")
        #expect(features[3 + channel] == values.max())
      }
    }
  }
}
