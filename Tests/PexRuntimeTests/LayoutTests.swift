import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Values in two layouts, and steps that join, broadcast and reuse them.
@Suite struct LayoutTests {
  /// A wrong layout is an error of size 1. Over this space a dozen layers made 1.2e-6 at most, and 1.06e-5 where
  /// some of them were Winograd's.
  static func bound(_ kernels: Set<String>) -> Float { kernels.contains(where: \.isWinograd) ? 2.5e-5 : 3e-6 }

  @Test(arguments: 0..<600)
  func graphsOfBothLayoutsAreWhatTheInterpreterComputes(seed: Int) throws {
    for found in try Runs.comparisons(MixedGraph.make(seed), seed: UInt64(seed)) {
      #expect(found.error < Self.bound(found.kernels), "on \(found.isa)")
    }
  }

  @Test(arguments: 600..<800)
  func threadsAndTapsChangeNoByte(seed: Int) throws {
    #expect(try Runs.isSteady(MixedGraph.make(seed), seed: UInt64(seed)))
  }

  /// Every value is given out while it is there, whichever others are.
  @Test(arguments: 800..<900)
  func everyTapIsWhatTheInterpreterComputes(seed: Int) throws {
    let graph = try MixedGraph.make(seed)
    let inputs = try randomInputs(graph, batch: 1, seed: UInt64(seed))
    let all = graph.nodes.flatMap(\.outputs)
    let expected = try Reference.run(graph, inputs: inputs, keeping: all)
    for isa in InstructionSet.available {
      for step in 1...3 {
        let places = Array(stride(from: 0, to: all.count, by: step))
        let (found, steps) = try Runs.profiled(graph, inputs, taps: places.map { all[$0] }, isa, threads: 2)
        let bound = Self.bound(Set(steps.map(\.kernel)))
        for (tensor, place) in zip(found, places) {
          #expect(relativeError(tensor, expected[place]) < bound, "\(graph[all[place]].name) on \(isa.name)")
        }
      }
    }
  }

  /// What a flatten gives lies in the memory of a map that may be there in blocks only.
  @Test func aReshapedMapMayBeTheResult() throws {
    for samples: Dimension in [.batch, 2] {
      var sketch = Sketch(seed: 1)
      let y = try sketch.convolution(sketch.input([samples, 20, 3, 4]), 20, 3)
      let flat = try sketch.add(.reshape(Reshape([samples, 240])), y)
      let other = try sketch.add(.reshape(Reshape([samples, 10, 4, 6])), flat)
      let graph = try sketch.finished(flat, other)
      #expect(try Runs.error(graph, seed: 1) < 1e-6)
    }
  }

  @Test func aReshapedMapMayBeATap() throws {
    var sketch = Sketch(seed: 1)
    let y = try sketch.convolution(sketch.input([.batch, 20, 3, 4]), 20, 3)
    let other = try sketch.add(.reshape(Reshape([.batch, 10, 4, 6])), y)
    let graph = try sketch.finished(sketch.convolution(other, 5, 1))
    let inputs = try randomInputs(graph, batch: 1, seed: 1)
    let expected = try Reference.run(graph, inputs: inputs, keeping: [other] + graph.outputs)
    for isa in InstructionSet.available {
      let found = try Runs.values(graph, inputs, taps: [other], isa)
      for (tensor, wanted) in zip(found, expected) { #expect(relativeError(tensor, wanted) < 1e-6) }
    }
  }

  /// A constant map lies as it was stored; a step of blocks reads a copy.
  @Test(arguments: [Dimension.batch, 2])
  func aConstantMapMeetsBlocks(samples: Dimension) throws {
    for channels in [16, 17, 3] {
      var sketch = Sketch(seed: channels)
      let y = try sketch.convolution(sketch.input([samples, 5, 4, 5]), channels, 3)
      let constant = try sketch.constant([samples.perSample, channels, 4, 5])
      let doubled = try sketch.binary(.add, constant, constant)
      let graph = try sketch.finished(sketch.binary(.subtract, constant, sketch.normalization(y)), doubled)
      #expect(try Runs.error(graph, seed: 1) < 1e-6)
    }
  }

  @Test func aValueReadInBothLayoutsIsReorderedOnce() throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.convolution(sketch.input([.batch, 20, 5, 6]), 20, 3)
    let moved = try (0..<2).map { _ in try sketch.add(.transpose(Transpose([0, 1, 3, 2])), x) }
    let sum = try sketch.binary(.add, moved[0], moved[1])
    let graph = try sketch.finished(sketch.convolution(x, 20, 3), sum)
    let steps = try Runs.profiled(graph, randomInputs(graph, batch: 1, seed: 1)).steps
    // The input into blocks, and the map out of them.
    #expect(steps.filter { $0.kernel == "reorder" }.count == 2)
    #expect(try Runs.error(graph, seed: 1) < 1e-6)
  }
}
