import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

@Suite struct ConvolutionTests {
  /// Channels about the sizes of blocks and panels: 8 and 16 lanes, one or two blocks.
  static let channels = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 100]
  /// Multiply-accumulates of a case: the interpreter is slow.
  static let most = 1_500_000

  /// One convolution of any kind: groups, multipliers, strides, dilations, every padding, one or two axes, several
  /// samples; sometimes with a residual and an activation behind it.
  static func make(_ seed: Int) throws -> Graph {
    var sketch = Sketch(seed: seed)
    let groups = sketch.draw.pick(from: [1, 1, 1, 1, 2, 3, 5])
    let isDepthwise = sketch.draw.pick(1...4) == 1
    if isDepthwise {
      let channels = sketch.draw.pick(from: channels)
      return try make(
        sketch, channels: (channels, channels * sketch.draw.pick(from: [1, 1, 1, 2, 3])), groups: channels)
    }
    let width = { (sketch: inout Sketch) in groups == 1 ? sketch.draw.pick(from: channels) : sketch.draw.pick(1...24) }
    return try make(sketch, channels: (groups * width(&sketch), groups * width(&sketch)), groups: groups)
  }

  /// The same with given channels. Maps are as small as one element and one row.
  static func make(_ begun: Sketch, channels: (input: Int, output: Int), groups: Int) throws -> Graph {
    var sketch = begun
    let rank = sketch.draw.pick(1...8) == 1 ? 1 : 2
    let kernel = kernelDrawn(&sketch, rank, pairs: channels.input * channels.output / groups)
    let strides = kernel.map { _ in sketch.draw.pick(from: [1, 1, 2, 3]) }
    let dilations = kernel.map { _ in sketch.draw.pick(from: [1, 1, 1, 2, 3]) }
    let paddings: [Padding] = [
      .valid, .sameUpper, .sameLower,
      .explicit(
        before: kernel.map { _ in sketch.draw.pick(0...3) }, after: kernel.map { _ in sketch.draw.pick(0...3) }),
    ]
    let window = Window(
      kernel: kernel, strides: strides, dilations: dilations, padding: sketch.draw.pick(from: paddings))
    let samples: Dimension = sketch.draw.pick(1...4) == 1 ? 3 : .batch
    let work = channels.input * channels.output / groups * kernel.reduce(1, *) * samples.perSample
    let reach = zip(kernel, dilations).map { ($0 - 1) * $1 + 1 }
    var spatial = kernel.indices.map { index in
      // A padded map may be smaller than the window.
      let least = window.padding == .sameUpper || window.padding == .sameLower ? 1 : reach[index]
      return least + sketch.draw.pick(from: [0, 0, 1, 2, 3, 5, 8, 13, 21])
    }
    while spatial.reduce(work, *) > most, let longest = spatial.max(), longest > (reach.max() ?? 1) {
      spatial = spatial.map { $0 == longest ? max(longest / 2, reach.max() ?? 1) : $0 }
    }
    let x = try sketch.input([samples, .fixed(channels.input)] + spatial.map(Dimension.fixed))
    var y = try sketch.convolution(x, channels.output, window, groups: groups)
    if sketch.draw.pick(0...1) == 1 {
      let other = try sketch.input(like: y)
      y = try sketch.draw.pick(0...1) == 0 ? sketch.binary(.add, y, other) : sketch.binary(.add, other, y)
    }
    return try sketch.finished(sketch.draw.pick(from: ActivationBehind.allCases).applied(to: y, in: &sketch))
  }

  /// Square, rectangular, or a single row or column; small where there are many channels.
  private static func kernelDrawn(_ sketch: inout Sketch, _ rank: Int, pairs: Int) -> [Int] {
    let sizes = [1, 1, 2, 3, 3, 5, 7, 11].filter { $0 * $0 * pairs * 4 < most || $0 == 1 }
    let size = sketch.draw.pick(from: sizes)
    switch sketch.draw.pick(0...3) {
    case 0: return (0..<rank).map { _ in sketch.draw.pick(from: sizes) }
    case 1: return Array([1, size].shuffled(using: &sketch.draw.generator).suffix(rank))
    default: return (0..<rank).map { _ in size }
    }
  }

  /// What rounding may make of a sum of as many products as each result takes, or of Winograd's transforms. Seen over
  /// these spaces: half of it at most.
  static func bound(_ graph: Graph, _ found: Runs.Comparison) -> Float {
    guard !found.kernels.contains(where: \.isWinograd) else { return WinogradTests.bound }
    let node = graph.nodes[0]
    let length = node.operation.payload.accumulationLength(inputs: node.inputs.map { graph[$0].type })
    return 1.5e-7 * Float(length).squareRoot() + 5e-7
  }

  private func check(_ graph: Graph, _ seed: Int) throws {
    for found in try Runs.comparisons(graph, seed: UInt64(seed)) {
      #expect(found.error < Self.bound(graph, found), "\(found)")
      #expect(!found.kernels.contains("reference"))
    }
  }

  @Test(arguments: 0..<500)
  func everyConvolutionIsWhatTheInterpreterComputes(seed: Int) throws {
    try check(Self.make(seed), seed)
  }

  @Test(arguments: [1, 2, 3, 4, 7, 8, 12, 16, 24, 32, 33], [2, 3, 5, 8])
  func groupsOfEveryWidth(width: Int, groups: Int) throws {
    for (seed, multiplier) in [1, 2, 3].enumerated() {
      let outputs = multiplier == 3 ? max(1, width / 2) : width * multiplier
      let sketch = Sketch(seed: width * 100 + groups * 10 + seed)
      try check(Self.make(sketch, channels: (groups * width, groups * outputs), groups: groups), seed)
    }
  }

  @Test(arguments: [1, 2, 3, 5, 7, 8, 9, 16, 17, 33], [1, 2, 3])
  func depthwiseWindowsOfEveryKind(channels: Int, multiplier: Int) throws {
    for seed in 0..<8 {
      let sketch = Sketch(seed: channels * 1000 + multiplier * 100 + seed)
      try check(Self.make(sketch, channels: (channels, channels * multiplier), groups: channels), seed)
    }
  }

  @Test(arguments: 0..<80)
  func threadsAndTapsChangeNoByte(seed: Int) throws {
    #expect(try Runs.isSteady(Self.make(seed + 10_000), seed: 5))
  }

  /// Layers that need several strips of rows, chunks of channels or panels, and parts for each thread.
  @Test(arguments: [
    (1, 64, 24, 7, 30), (1, 520, 20, 3, 5), (1, 130, 24, 1, 30), (1, 16, 24, 5, 40), (1, 2048, 24, 1, 4),
    (1, 3, 40, 7, 70), (1, 40, 16, 11, 16), (4, 64, 96, 3, 30), (2, 96, 128, 3, 9), (17, 17, 17, 3, 120),
  ])
  func deepAndLargeLayersAreCutIntoParts(groups: Int, inputs: Int, outputs: Int, kernel: Int, extent: Int) throws {
    for stride in [1, 2] {
      var sketch = Sketch(seed: inputs)
      let x = try sketch.input([.batch, .fixed(inputs), .fixed(extent), .fixed(extent + 1)])
      let window = Window(kernel: [kernel, kernel], strides: [stride, stride], padding: .sameUpper)
      let graph = try sketch.finished(sketch.convolution(x, outputs, window, groups: groups))
      if stride == 2 || kernel == 1 || extent < 20 { try check(graph, 3) }
      #expect(try Runs.isSteady(graph, seed: 4, threads: 2...4))
    }
  }

  @Test func mapsWithThreeSpatialAxesAreLeftToTheInterpreter() throws {
    var sketch = Sketch(seed: 1)
    let x = try sketch.input([.batch, 3, 4, 5, 6])
    let y = try sketch.unary(.relu, sketch.convolution(x, 9, Window(kernel: [2, 3, 2])))
    let graph = try sketch.finished(sketch.add(.globalPooling(GlobalPooling(kind: .average)), y))
    #expect(try Runs.error(graph, seed: 1) < 1e-6)
  }
}
