import PexGraph
import PexONNX
import PexReference
import PexTensor
import PexTestSupport
import Testing

/// What is written is what is read again.
@Suite struct ExportTests {
  private func export(_ graph: Graph, metadata: [(String, String)] = []) throws -> ONNXFile {
    try ONNXExporter.export(graph, producer: ("tests", "1.0"), metadata: metadata.map { (key: $0.0, value: $0.1) })
  }

  /// The graph written and read again.
  private func again(_ graph: Graph) throws -> ImportedModel {
    try ONNXImporter.load(bytes: try export(graph).bytes(), name: "again")
  }

  private func graph(_ operation: Operation, x: [Dimension] = [.batch, 3, 8, 8], _ constants: [[Int]] = []) throws
    -> Graph
  {
    try ExportCases.Case(operation, x, constants).graph()
  }

  private func error(_ a: Graph, _ b: Graph, batch: Int) throws -> Float {
    let inputs = try randomInputs(a, batch: batch, seed: 3)
    return try zip(Reference.run(a, inputs: inputs), Reference.run(b, inputs: inputs)).map(relativeError).max() ?? 1
  }

  @Test(arguments: 0..<30) func networksComeBackAsTheyWere(_ seed: UInt64) throws {
    // What nothing reads is not read again, and small constants fold when they are.
    var graph = try RandomGraph.make(seed: seed)
    graph.removeUnused()
    let folded = Set(graph.nodes.filter { $0.inputs.allSatisfy { graph[$0].constant != nil } }.map(\.name))
    #expect(folded.allSatisfy { $0.hasPrefix("folds") })
    let model = try again(graph)
    // ONNX keeps settings in f32.
    let (exact, kept) = ("epsilon=0.001", "epsilon=\(Double(Float(1e-3)))")
    let lines = zip(graph.nodes, graph.lines).filter { !folded.contains($0.0.name) }.map(\.1)
    let expected = lines.map { line in line.hasSuffix(exact) ? String(line.dropLast(exact.count)) + kept : line }
    #expect(model.graph.lines == expected)
    #expect(model.graph.outputs.map { model.graph[$0].name } == graph.outputs.map { graph[$0].name })
    #expect(model.graph.inputs.map { model.graph[$0.value].type } == graph.inputs.map { graph[$0.value].type })
    #expect(model.warnings.isEmpty)
    for batch in [1, 3] { #expect(try error(model.graph, graph, batch: batch) < 1e-6) }
  }

  /// A node of a source model may have become several, which have its name.
  @Test func nodesHaveNamesOfTheirOwn() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 3]))
    let inner = try graph.addNode(.unary(Unary(.relu)), [x], output: "inner", name: "both")
    graph.addOutput(try graph.addNode(.unary(Unary(.negative)), [inner], output: "y", name: "both"))
    #expect(try again(graph).graph.nodes.map(\.name) == ["both", "both_1"])
  }

  @Test(arguments: ExportCases.direct) func operationsComeBackAsTheyWere(_ example: ExportCases.Case) throws {
    let graph = try example.graph()
    let model = try again(graph)
    #expect(model.graph.lines == graph.lines)
    let inputs = try example.inputs(graph, batch: 2)
    let (found, expected) = (try Reference.run(model.graph, inputs: inputs), try Reference.run(graph, inputs: inputs))
    #expect(found.count == 1 && found[0].isIdentical(to: expected[0]))
  }

  /// What takes several operators computes the same. Only an operator that cannot be read yet excuses a case here; other
  /// runtimes have to agree on all of them: `Tests/Interop/check_operations.py`.
  @Test(arguments: ExportCases.derived) func derivedOperationsComputeTheSame(_ example: ExportCases.Case) throws {
    let graph = try example.graph()
    do {
      let model = try again(graph)
      #expect(try error(model.graph, graph, batch: 2) < 1e-5)
    } catch let error as PexError {
      #expect(error.kind == .unsupported, "\(error)")
    }
  }

  /// `AveragePool` of opset 17 has no dilations.
  @Test(arguments: [true, false], [true, false]) func dilatedAveragesAreSumsTimesShares(
    countsPadding: Bool, roundsUp: Bool
  )
    throws
  {
    let window = Window(
      kernel: [3, 2], strides: [2, 3], dilations: [2, 3], padding: .explicit(before: [1, 2], after: [3, 1]),
      roundsUp: roundsUp)
    let graph = try graph(.pooling(Pooling(kind: .average, window: window, countsPadding: countsPadding)))
    let model = try again(graph)
    #expect(Set(model.operatorCounts.map(\.op)) == ["Conv", "Mul"])
    #expect(model.graph[model.graph.outputs[0]].type == graph[graph.outputs[0]].type)
    #expect(try error(model.graph, graph, batch: 2) < 1e-6)
  }

  @Test func paddingThatRuntimesDisagreeOnBecomesNumbers() throws {
    let window = Window(kernel: [3, 3], strides: [2, 2], dilations: [2, 2], padding: .sameUpper)
    let graph = try graph(.convolution(Convolution(window: window)), [[2, 3, 3, 3]])
    let model = try again(graph)
    guard case .convolution(let convolution)? = model.graph.nodes.first?.operation else {
      Issue.record("no convolution")
      return
    }
    #expect(convolution.window.padding == .explicit(before: [1, 1], after: [2, 2]))
    #expect(try error(model.graph, graph, batch: 1) == 0)
  }

  @Test func aNetworkWithoutABatchKeepsItsExtents() throws {
    let graph = try graph(.reduce(Reduce(.sum, axes: [0], keepsAxes: true)), x: [4, 3])
    let imported = try again(graph).graph
    #expect(imported[imported.inputs[0].value].type.dimensions == [4, 3])
    #expect(try error(imported, graph, batch: 1) == 0)
  }

  @Test func halfPrecisionStaysHalfTheSize() throws {
    let operation = Operation.linear(Linear())
    let whole = try graph(operation, x: [.batch, 200], [[100, 200]])
    var half = whole
    let weight = try #require(half.value(named: "w0"))
    try half.restoreConstant(weight, as: try #require(half[weight].constant).asFloat16())
    let (large, small) = (try export(whole).byteCount, try export(half).byteCount)
    #expect(large - small > 39_000)
    let model = try again(half)
    // Folded again, the numbers are those of f16 in f32.
    #expect(model.operatorCounts.map(\.op) == ["Cast", "Gemm"])
    #expect(try error(model.graph, half, batch: 2) == 0)
  }

  @Test func channelsBehindAreTransposedOnTheWayIn() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 3, 4, 5]), layout: .channelsLast)
    graph.addOutput(try graph.addNode(.globalPooling(GlobalPooling(kind: .maximum)), [x], output: "y"))
    let model = try again(graph)
    // Read again, the input lies as it did; as the file has it, its channels are behind.
    let input = model.graph.inputs[0]
    #expect(model.graph[input.value].name == "x" && input.layout == .channelsLast)
    #expect(model.graph[input.value].type.dimensions == [.batch, 3, 4, 5])
    let plain = try ONNXImporter.load(
      bytes: try export(graph).bytes(), name: "again", options: ImportOptions(layout: .channelsFirst)
    ).graph
    #expect(plain[plain.inputs[0].value].type.dimensions == [.batch, 4, 5, 3])
    let array = try randomInputs(plain, batch: 2, seed: 1)
    let turned = try Reference.evaluate(.transpose(Transpose([0, 3, 1, 2])), array)
    let expected = try Reference.run(graph, inputs: turned)[0]
    #expect(try Reference.run(plain, inputs: array)[0].isIdentical(to: expected))
    #expect(try Reference.run(model.graph, inputs: turned)[0].isIdentical(to: expected))
  }

  @Test func namesThatAreTakenAreLeftAlone() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 4]))
    let constant = try graph.addConstant("y.minimum", Tensor([4], [1, 2, 3, 4] as [Float]))
    let sum = try graph.addNode(.binary(Binary(.add)), [x, constant], output: "y.maximum")
    graph.addOutput(
      try graph.addNode(.unary(Unary(.clip(minimum: -1, maximum: 1))), [sum], output: "y", name: ""))
    let model = try again(graph)
    #expect(try error(model.graph, graph, batch: 1) == 0)
    #expect(model.graph.numbers("y.minimum") == [1, 2, 3, 4])
  }

  @Test func constantsMayBeOutputs() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, 4]))
    graph.addOutput(try graph.addNode(.unary(Unary(.relu)), [x], output: "y"))
    graph.addOutput(try graph.addConstant("numbers", Tensor([2], [3, 4] as [Float])))
    graph.addOutput(try graph.addConstant("places", Tensor([3], [5, 6, 7] as [Int64])))
    let model = try again(graph)
    #expect(model.graph.outputs.map { model.graph[$0].name } == ["y", "numbers", "places"])
    #expect(model.graph.numbers("numbers") == [3, 4] && model.graph.numbers("places") == [5, 6, 7])
  }

  @Test func theSameGraphGivesTheSameBytesWhicheverWayTheyAreWritten() throws {
    let graph = try RandomGraph.make(seed: 5)
    let file = try export(graph, metadata: [("pex.key", "a value with ünïcode")])
    let bytes = try file.bytes()
    #expect(bytes.count == file.byteCount)
    #expect(try export(graph, metadata: [("pex.key", "a value with ünïcode")]).bytes() == bytes)
    #expect(try export(graph).byteCount < bytes.count)
    let model = try again(graph)
    #expect(model.producer.hasPrefix("tests") && model.opset == 17)
    #expect(ONNXImporter.recognises(bytes))
  }

  @Test func writingStopsWhereTheSinkFails() throws {
    let file = try export(try RandomGraph.make(seed: 1))
    var calls = 0
    #expect(throws: PexError(.inputOutput, "full")) {
      try file.write { _ in
        calls += 1
        if calls == 3 { throw PexError(.inputOutput, "full") }
      }
    }
    #expect(calls == 3)
  }

  /// The pages of the weight are never touched, so the test takes no memory.
  @Test func modelsBeyondTwoGigabytesAreRefused() throws {
    var graph = Graph()
    let x = try graph.addInput("x", ValueType(.float32, [.batch, .fixed(1 << 15)]))
    let weight = try graph.addConstant("w", Tensor(.float32, try Shape([1 << 14, 1 << 15])) { _ in })
    graph.addOutput(try graph.addNode(.linear(Linear()), [x, weight], output: "y"))
    let error = #expect(throws: PexError.self) { try export(graph) }
    #expect(error?.kind == .unsupported && error?.hint?.contains("onnx-stages") == true)
  }
}
