import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

@Suite struct ConvolutionTests {
  /// One convolution of any kind: groups, multipliers, strides, dilations, every padding, one or two axes, several
  /// samples; sometimes with a residual and an activation behind it.
  static func make(_ seed: Int) throws -> Graph {
    var draw = Draw(seed: seed)
    var graph = Graph()
    let rank = draw.pick(1...8) == 1 ? 1 : 2
    let groups = draw.pick(from: [1, 1, 1, 2, 3, 5])
    let depthwise = draw.pick(1...3) == 1
    let inputs = groups * (depthwise ? 1 : draw.pick(1...40))
    let outputs = groups * draw.pick(1...20)
    let kernel = (0..<rank).map { _ in draw.pick(from: [1, 1, 2, 3, 3, 5, 7]) }
    let strides = kernel.map { _ in draw.pick(from: [1, 1, 2, 3]) }
    let dilations = kernel.map { _ in draw.pick(from: [1, 1, 2]) }
    let paddings: [Padding] = [
      .valid, .sameUpper, .sameLower,
      .explicit(before: kernel.map { _ in draw.pick(0...3) }, after: kernel.map { _ in draw.pick(0...3) }),
    ]
    let window = Window(
      kernel: kernel, strides: strides, dilations: dilations, padding: draw.pick(from: paddings))
    let spatial = kernel.indices.map { (kernel[$0] - 1) * dilations[$0] + 1 + draw.pick(0...12) }
    let samples: Dimension = draw.pick(1...4) == 1 ? 3 : .batch
    let x = try graph.addInput("x", ValueType(.float32, [samples, .fixed(inputs)] + spatial.map(Dimension.fixed)))
    var operands = [x, try graph.addConstant("w", draw.tensor([outputs, inputs / groups] + kernel))]
    if draw.pick(0...1) == 1 { operands.append(try graph.addConstant("b", draw.tensor([outputs]))) }
    var y = try graph.addNode(.convolution(Convolution(window: window, groups: groups)), operands, output: "y")
    if draw.pick(0...1) == 1 {
      let type = graph[y].type
      let other = try graph.addInput("r", type)
      y = try graph.addNode(.binary(Binary(.add)), draw.pick(0...1) == 0 ? [y, other] : [other, y], output: "sum")
    }
    switch draw.pick(0...2) {
    case 0: y = try graph.addNode(.unary(Unary(.relu)), [y], output: "relu")
    case 1: y = try graph.addNode(.unary(Unary(.clip(minimum: -1, maximum: 6))), [y], output: "clip")
    default: break
    }
    graph.addOutput(y)
    try graph.verify()
    return graph
  }

  @Test(arguments: 0..<300)
  func everyConvolutionIsWhatTheInterpreterComputes(seed: Int) throws {
    let graph = try Self.make(seed)
    let node = graph.nodes[0]
    let length = node.operation.payload.accumulationLength(inputs: node.inputs.map { graph[$0].type })
    #expect(try Runs.error(graph, seed: UInt64(seed)) < 1e-6 * Float(length).squareRoot() + 1e-6)
  }

  @Test(arguments: 0..<60)
  func threadsAndFusionChangeNoByte(seed: Int) throws {
    let graph = try Self.make(seed)
    let inputs = try randomInputs(graph, batch: 1, seed: 5)
    let inner = graph.nodes.flatMap(\.outputs)
    for isa in InstructionSet.available {
      let expected = try Runs.values(graph, inputs, isa)[0]
      for threads in 1...3 {
        #expect(try Runs.values(graph, inputs, isa, threads: threads)[0].isIdentical(to: expected))
        let tapped = try Runs.values(graph, inputs, taps: inner, isa, threads: threads)
        #expect(tapped.last?.isIdentical(to: expected) == true)
      }
    }
  }

  @Test(arguments: [(64, 3, 20), (130, 1, 30), (16, 3, 40), (2048, 1, 7)])
  func deepAndLargeLayersAreCutIntoBlocks(channels: Int, kernel: Int, extent: Int) throws {
    var draw = Draw(seed: channels)
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, .fixed(channels), .fixed(extent), .fixed(extent)]))
    let w = try graph.addConstant("w", draw.tensor([24, channels, kernel, kernel]))
    let window = Window(kernel: [kernel, kernel], padding: .sameUpper)
    graph.addOutput(try graph.addNode(.convolution(Convolution(window: window)), [x, w], output: "y"))
    #expect(try Runs.error(graph, seed: 3) < 2e-6 * Float(channels * kernel * kernel).squareRoot())
    let inputs = try randomInputs(graph, batch: 1, seed: 4)
    for isa in InstructionSet.available {
      let expected = try Runs.values(graph, inputs, isa, threads: 1)[0]
      for threads in 2...4 {
        #expect(try Runs.values(graph, inputs, isa, threads: threads)[0].isIdentical(to: expected))
      }
    }
  }
}
