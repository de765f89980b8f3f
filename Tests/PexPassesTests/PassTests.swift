import PexGraph
import PexPasses
import PexReference
import PexTensor
import PexTestSupport
import Testing

@Suite struct PassTests {
  static let passes: [any Pass] = [
    DropIdentities(), FoldConstants(), NestConcats(), FoldBatchNormalization(), DropDeadCode(),
  ]

  @Test(arguments: 0..<60)
  func everyPassKeepsWhatIsComputed(seed: Int) throws {
    let graph = try RandomGraph.make(seed: UInt64(seed))
    let inputs = try randomInputs(graph, batch: 2, seed: UInt64(seed) + 1000)
    let expected = try Reference.run(graph, inputs: inputs)[0]
    for pass in Self.passes {
      var rewritten = graph
      try Pipeline([pass], verify: true).run(on: &rewritten)
      #expect(relativeError(try Reference.run(rewritten, inputs: inputs)[0], expected) < 2e-6)
    }
    var canonical = graph
    try Pipeline.canonical(verify: true).run(on: &canonical)
    #expect(relativeError(try Reference.run(canonical, inputs: inputs)[0], expected) < 5e-6)
    #expect(canonical[canonical.outputs[0]].name == "logits")
    let again = try Pipeline.canonical(verify: true).run(on: &canonical)
    #expect(again.changes.allSatisfy { $0.count == 0 }, "the canonical graph is a fixed point")
  }

  @Test func identitiesGoAndOutputsKeepTheirNames() throws {
    var graph = try Graph.parse(
      """
      input %x: f32[N,2,3,3]
      %a = unary(%x) {kind=relu}
      %b = identity(%a)
      %c = concat(%b) {axis=1}
      %d = pooling(%c) {kind=average, kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, counts_padding=1}
      %same = identity(%x)
      output %d
      output %same
      """)
    #expect(try DropIdentities().run(on: &graph) == 3)
    try graph.verify()
    #expect(graph.nodes.map(\.operation.mnemonic) == ["unary", "identity"])
    #expect(graph.outputs.map { graph[$0].name } == ["d", "same"])
  }

  @Test func denseBlocksBecomeNested() throws {
    var graph = try Graph.parse(
      """
      input %a: f32[N,1,2,2]
      %b = unary(%a) {kind=relu}
      %ab = concat(%a, %b) {axis=1}
      %c = unary(%b) {kind=tanh}
      %abc = concat(%a, %b, %c) {axis=1}
      %abcd = concat(%a, %b, %c, %ab) {axis=1}
      output %abcd
      """)
    #expect(try NestConcats().run(on: &graph) == 2)
    try graph.verify()
    let inputs = graph.nodes.map { node in node.inputs.map { graph[$0].name } }
    #expect(inputs[3] == ["ab", "c"])
    #expect(inputs[4] == ["abc", "ab"])
  }

  @Test func batchNormalizationStaysWhereTheConvolutionIsReadTwice() throws {
    var graph = try Graph.parse(
      """
      input %x: f32[N,1,2,2]
      constant %w: f32[1,1,1,1] = values 2
      constant %one: f32[1] = values 1
      constant %half: f32[1] = values 0.5
      %c = convolution(%x, %w) {kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, groups=1}
      %n = batch_normalization(%c, %half, %one, %half, %one) {epsilon=0}
      %y = binary(%n, %c) {kind=add}
      output %y
      """)
    #expect(try FoldBatchNormalization().run(on: &graph) == 0)
  }

  @Test func foldsInDoubleAndRoundsOnce() throws {
    var graph = try Graph.parse(
      """
      input %x: f32[N,1,2,2]
      constant %w: f32[1,1,1,1] = values 2
      constant %b: f32[1] = values 0.25
      constant %scale: f32[1] = values 0.5
      constant %shift: f32[1] = values 3
      constant %mean: f32[1] = values 0.75
      constant %variance: f32[1] = values 0.0625
      %c = convolution(%x, %w, %b) {kernel=[1,1], strides=[1,1], dilations=[1,1], padding=valid, rounds_up=0, groups=1}
      %n = batch_normalization(%c, %scale, %shift, %mean, %variance) {epsilon=0}
      output %n
      """)
    #expect(try FoldBatchNormalization().run(on: &graph) == 1)
    graph.removeUnused()
    #expect(graph.nodes.map(\.operation.mnemonic) == ["convolution"])
    #expect(graph[graph.nodes[0].inputs[1]].constant?.floats == [4])
    #expect(graph[graph.nodes[0].inputs[2]].constant?.floats == [2])
  }
}
