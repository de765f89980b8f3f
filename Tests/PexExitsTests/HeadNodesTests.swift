import PexExits
import PexGraph
import PexHeads
import PexReference
import PexTensor
import PexTestSupport
import Testing

/// Heads as nodes of a graph compute what heads compute.
@Suite struct HeadNodesTests {
  /// An input of 6x5 pixels, a map of 4 channels behind it, one of 3 behind that, and a flat value.
  private func network() throws -> (graph: Graph, taps: [ValueID]) {
    var graph = Graph()
    var generator = SplitMix64(seed: 1)
    func weight(_ name: String, _ extents: [Int]) throws -> ValueID {
      let numbers = (0..<extents.reduce(1, *)).map { _ in generator.normal() }
      return try graph.addConstant(name, Tensor(extents, numbers))
    }
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 2, 6, 5]))
    let convolution = Operation.convolution(Convolution(window: Window(kernel: [2, 2])))
    let first = try graph.addNode(convolution, [x, try weight("w1", [4, 2, 2, 2])], output: "first")
    let second = try graph.addNode(convolution, [first, try weight("w2", [3, 4, 2, 2])], output: "second")
    let flat = try graph.addNode(.reduce(Reduce(.mean, axes: [2, 3], keepsAxes: false)), [second], output: "flat")
    graph.addOutput(try graph.addNode(.linear(Linear()), [flat, try weight("w3", [5, 3])], output: "logits"))
    return (graph, [first, second, flat])
  }

  private func specification(_ kind: HeadKind, tap: Int, earlier: [Int] = []) throws -> HeadSpecification {
    let maps: [(channels: Int, spatial: [Int])] = [(4, [5, 4]), (3, [4, 3]), (3, [1])]
    return try HeadSpecification(
      kind: kind, channels: maps[tap].channels, spatial: maps[tap].spatial, classes: 5, hidden: kind == .conv ? 6 : nil,
      earlier: earlier.map { EarlierTap(exit: $0 + 1, channels: maps[$0].channels) },
      branch: kind == .branch ? .separable(channels: maps[tap].channels, spatial: maps[tap].spatial) : [])
  }

  private static let cases: [(kind: HeadKind, tap: Int, earlier: [Int])] = [
    (.linear, 0, []), (.linear, 2, []), (.conv, 1, []), (.multitap, 1, [0]), (.multitap, 2, [0, 1]),
    (.multitap, 0, []), (.prototype, 1, []), (.branch, 1, [0]),
  ]

  @Test(arguments: cases.indices) func nodesComputeTheHeadsLogits(_ index: Int) throws {
    let (kind, tap, earlier) = Self.cases[index]
    var (graph, taps) = try network()
    var head = try Head.random(try specification(kind, tap: tap, earlier: earlier), seed: 4)
    if kind == .prototype {
      // Counts may not be negative.
      let parameters = try head.parameters.map { try Tensor($0.shape.dimensions, $0.floats.map(abs)) }
      head = try Head(head.specification, parameters: parameters, temperature: 3)
    }
    let placed = PlacedHead(exit: 7, head: head, tap: taps[tap], earlier: earlier.map { taps[$0] })
    let logits = try graph.add([placed])
    try graph.verify()
    #expect(graph.outputs.map { graph[$0].name } == ["logits", "exit7"])
    #expect(graph[logits[0]].type == ValueType(.float32, [.batch, 5]))
    let inputs = try randomInputs(graph, batch: 1, seed: 2)
    let values = try Reference.run(graph, inputs: inputs, keeping: logits + taps)
    let pooled = try earlier.flatMap { tap in
      let plain = try Head.random(try specification(.linear, tap: tap), seed: 1)
      return try values[1 + tap].withFloats { try plain.features(tap: $0) }
    }
    let expected = try values[1 + tap].withFloats { try head.logits(tap: $0, earlier: pooled) }
    #expect(relativeError(values[0], try Tensor([1, 5], expected)) < 1e-5)
    #expect(expected.contains { abs($0) > 0.01 })
  }

  /// A head that reads the branch in front of it, and the head that has it: the branch is there once.
  @Test func headsShareBranches() throws {
    var (graph, taps) = try network()
    let near = try Head.random(try specification(.branch, tap: 0), seed: 1)
    let plain = try specification(.branch, tap: 1)
    let far = try Head.random(
      try HeadSpecification(
        kind: .branch, channels: 3, spatial: [4, 3], classes: 5,
        earlier: [EarlierTap(exit: 1, channels: 4, branch: near.specification.branch)],
        branch: plain.branch?.layers ?? []), seed: 2)
    let reading = try far.reading([#require(near.branch), #require(far.branch)])
    let logits = try graph.add([
      PlacedHead(exit: 1, head: near, tap: taps[0]),
      PlacedHead(exit: 2, head: reading, tap: taps[1], earlier: [taps[0]]),
    ])
    try graph.verify()
    let convolutions = graph.nodes.count { if case .convolution = $0.operation { true } else { false } }
    #expect(convolutions == 2 + (near.specification.branch?.layers.count ?? 0) + (plain.branch?.layers.count ?? 0))
    let values = try Reference.run(
      graph, inputs: try randomInputs(graph, batch: 1, seed: 2), keeping: logits + taps)
    let front = try values[2].withFloats { try near.features(tap: $0) }
    let expected = try values[3].withFloats { try reading.logits(tap: $0, earlier: front) }
    #expect(relativeError(values[1], try Tensor([1, 5], expected)) < 1e-5)
    #expect(expected.contains { abs($0) > 0.01 })
  }

  @Test func headsOnOneTapShareItsFeatures() throws {
    var (graph, taps) = try network()
    let before = graph.nodes.count
    let near = try Head.random(try specification(.linear, tap: 0), seed: 1)
    let far = try Head.random(try specification(.multitap, tap: 1, earlier: [0]), seed: 2)
    try graph.add([
      PlacedHead(exit: 1, head: near, tap: taps[0]), PlacedHead(exit: 2, head: far, tap: taps[1], earlier: [taps[0]]),
    ])
    // Two pools, a joining and a reshape for each of two taps, one joining of both, and two products.
    #expect(graph.nodes.count - before == 2 * 4 + 1 + 2)
  }

  @Test func aNameThatIsTakenIsRefused() throws {
    var (graph, taps) = try network()
    graph.addOutput(try graph.addNode(.identity(Identity()), [taps[2]], output: "exit3"))
    let head = try Head.random(try specification(.linear, tap: 0), seed: 1)
    let error = #expect(throws: PexError.self) { try graph.add([PlacedHead(exit: 3, head: head, tap: taps[0])]) }
    #expect(error?.kind == .unsupported && error?.message.contains("'exit3'") == true)
  }
}
