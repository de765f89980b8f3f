import PexGraph
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Steps that are computed together, some rows at a time.
@Suite struct ChainTests {
  /// Chains wherever there can be some, of which at most `kept` bytes of rows are kept.
  static func everywhere(_ kept: Int) -> ChainLimits { ChainLimits(mapBytes: 0, keptBytes: kept) }

  static let never = ChainLimits(mapBytes: .max, keptBytes: 0)

  /// Convolutions after one another: of few channels and many, pointwise, depthwise, strided, dilated, of any padding.
  private static func convolutions(_ seed: Int) throws -> (graph: Graph, values: [ValueID]) {
    var sketch = Sketch(seed: seed)
    let channels = sketch.draw.pick(from: [1, 3, 16, 20])
    var x = try sketch.input([
      .batch, .fixed(channels), .fixed(sketch.draw.pick(12...30)), .fixed(sketch.draw.pick(9...24)),
    ])
    let isAdded = sketch.draw.pick(0...1) == 0
    var values: [ValueID] = []
    for index in 0..<sketch.draw.pick(2...6) {
      let extents = sketch.extents(x)
      let kernel = [sketch.draw.pick(1...min(4, extents[2])), sketch.draw.pick(1...min(4, extents[3]))]
      let isStrided = min(extents[2], extents[3]) > 8 && sketch.draw.pick(0...2) == 0
      // No Winograd: 3x3 of stride 1 is depthwise or dilated only.
      let padding = sketch.draw.pick(from: [Padding.sameUpper, .sameLower, .valid])
      switch sketch.draw.pick(0...2) {
      case 0: x = try sketch.convolution(x, sketch.draw.pick(1...40), 1)
      case 1 where index > 0:
        let window = Window(kernel: kernel, strides: isStrided ? [2, 2] : [1, 1], padding: padding)
        x = try sketch.convolution(x, extents[1], window, groups: extents[1])
      default:
        let window = Window(
          kernel: kernel, strides: isStrided ? [2, 3] : [1, 2], dilations: [sketch.draw.pick(1...2), 1],
          padding: .sameUpper)
        x = try sketch.convolution(x, sketch.draw.pick(1...40), window)
      }
      if sketch.draw.pick(0...2) == 0 { x = try sketch.unary(sketch.draw.pick(from: [.relu, .hardSwish]), x) }
      values.append(x)
    }
    if isAdded { x = try sketch.binary(.add, x, sketch.input(like: x)) }
    return (try sketch.finished(sketch.unary(.relu, x)), values)
  }

  @Test(arguments: 0..<60)
  func theSameBytesAsStepByStep(seed: Int) throws {
    let (graph, _) = try Self.convolutions(seed)
    let inputs = try randomInputs(graph, batch: 1, seed: UInt64(seed))
    let expected = try Reference.run(graph, inputs: inputs)
    for isa in InstructionSet.available {
      let apart = try Runs.values(graph, inputs, isa, chaining: Self.never)
      #expect(relativeError(apart[0], expected[0]) < 1e-5)
      for kept in [3000, 20_000, 1 << 20] {
        for threads in 1...3 {
          let found = try Runs.values(graph, inputs, isa, threads: threads, chaining: Self.everywhere(kept))
          #expect(found[0].isIdentical(to: apart[0]), "on \(isa.name), \(kept) bytes, \(threads) threads")
        }
      }
    }
  }

  /// Every tap is right when it is asked for, whatever was computed together before and comes after.
  @Test(arguments: 0..<30)
  func tapsWithinChains(seed: Int) throws {
    let (graph, taps) = try Self.convolutions(seed)
    let inputs = try randomInputs(graph, batch: 1, seed: 1)
    let apart = try Runs.values(graph, inputs, taps: taps, chaining: Self.never)
    let plan = try ExecutionPlan(
      graph: graph, taps: taps, instructionSet: .current, chaining: Self.everywhere(1 << 20))
    let executor = try Executor(plan: plan, threads: 2)
    for step in 1...3 {
      try executor.load(inputs: inputs)
      for tap in stride(from: step - 1, to: taps.count, by: step) {
        try executor.run(through: tap)
        #expect(try executor.value(taps[tap]).isIdentical(to: apart[tap]))
      }
      try executor.run(through: plan.segmentCount - 1)
      #expect(try executor.value(graph.outputs[0]).isIdentical(to: apart[taps.count]))
    }
  }

  /// Expansion, depthwise convolution and projection with a sum, as mobile networks have them.
  private func bottleneck(_ sketch: inout Sketch, _ x: ValueID) throws -> (wide: ValueID, sum: ValueID) {
    let channels = sketch.extents(x)[1]
    let wide = try sketch.unary(.relu, sketch.convolution(x, 6 * channels, 1))
    let deep = try sketch.unary(.relu, sketch.convolution(wide, 6 * channels, 3, groups: 6 * channels))
    return (wide, try sketch.binary(.add, sketch.convolution(deep, channels, 1), x))
  }

  @Test func whatIsReadElsewhereIsComputedWhole() throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.input([.batch, 8, 20, 20])
    let (wide, sum) = try bottleneck(&sketch, x)
    var other = sketch
    let inputs = [try Tensor([1, 8, 20, 20], (0..<3200).map { Float($0 % 7) - 3 })]
    func kernels(_ graph: Graph, taps: [ValueID] = []) throws -> [String] {
      let steps = try Runs.profiled(graph, inputs, taps: taps, chaining: Self.everywhere(1 << 20)).steps
      return steps.map(\.kernel).filter { $0 != "reorder" }
    }
    let strips = ["direct in strips", "depthwise in strips", "direct in strips"]
    #expect(try kernels(sketch.finished(sum)) == strips)
    // An output stays, a further reader needs it whole, a tap is asked for before the chain is over.
    let rest = ["direct"] + strips.dropFirst()
    var third = other
    #expect(try kernels(other.finished(sum, wide)) == rest)
    let twice = try third.convolution(wide, 8, 1)
    #expect(try kernels(third.finished(sum, twice)) == rest + ["direct"])
    #expect(try kernels(sketch.graph, taps: [wide]) == ["direct", "depthwise", "direct"])
  }

  @Test func theStandardChainsLargeMaps() throws {
    func kernels(_ extent: Int) throws -> Set<String> {
      var sketch = Sketch(seed: 2)
      let graph = try sketch.finished(
        bottleneck(&sketch, try sketch.input([.batch, 16, .fixed(extent), .fixed(extent)])).sum)
      return Set(try Runs.profiled(graph, randomInputs(graph, batch: 1, seed: 1)).steps.map(\.kernel))
    }
    #expect(try kernels(112).contains("depthwise in strips"))
    #expect(try !kernels(14).contains("depthwise in strips"))
  }

  @Test func eachStepOfAChainHasItsLineInTheProfile() throws {
    var sketch = Sketch(seed: 3)
    let graph = try sketch.finished(bottleneck(&sketch, try sketch.input([.batch, 16, 12, 10])).sum)
    let steps = try Runs.profiled(
      graph, randomInputs(graph, batch: 1, seed: 1), chaining: Self.everywhere(1 << 20)
    ).steps.filter { $0.kernel.hasSuffix(" in strips") }
    #expect(steps.map(\.mnemonic) == ["convolution+unary", "convolution+unary", "convolution+binary"])
    #expect(steps.map(\.multiplyAccumulates) == [120 * 16 * 96, 120 * 9 * 96, 120 * 16 * 96])
    #expect(steps.allSatisfy { $0.nanoseconds > 0 })
  }

  @Test func whatIsKeptIsBounded() throws {
    var sketch = Sketch(seed: 4)
    let graph = try sketch.finished(bottleneck(&sketch, try sketch.input([.batch, 16, 30, 32])).sum)
    func scratch(_ kept: Int) throws -> Int {
      try ExecutionPlan(
        graph: graph, taps: [], instructionSet: .current, chaining: Self.everywhere(kept)
      ).scratchBytes
    }
    let alone = try scratch(0)
    // Three rows of 96 channels for one row of the result, and that row.
    let least = 4 * 32 * 96 * 4
    #expect(try scratch(least - 1) == alone)
    #expect(try (least...least + alone).contains(scratch(least)))
    #expect(try scratch(100_000) <= 100_000 + alone)
  }
}
