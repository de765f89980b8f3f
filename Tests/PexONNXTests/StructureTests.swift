import PexGraph
import PexONNX
import Testing

/// Names, order and everything else about a model that is not an operator.
@Suite struct StructureTests {
  @Test func unsortedNodesAreSorted() throws {
    var model = TestModel(x: ["N", 2])
    model.add("Relu", ["b"], ["y"])
    model.add("Tanh", ["x"], ["a"])
    model.add("Exp", ["a"], ["b"])
    #expect(try model.load().graph.nodes.map(\.name) == ["Tanh_1", "Exp_2", "Relu_0"])
  }

  @Test func longChainsDoNotOverflowTheStack() throws {
    var model = TestModel(x: ["N", 2])
    for index in (0..<5_000).reversed() { model.add("Relu", [index == 0 ? "x" : "v\(index)"], ["v\(index + 1)"]) }
    model.outputs = ["v5000"]
    #expect(try model.load().graph.nodes.count == 5_000)
  }

  @Test func cyclesAreNamed() {
    var model = TestModel(x: ["N", 2])
    model.add("Add", ["x", "b"], ["a"], name: "first")
    model.add("Relu", ["a"], ["b"], name: "second")
    model.outputs = ["b"]
    #expect(model.error()?.kind == .malformed)
    #expect(model.error()?.message == "test: node 'first' (Add) depends on its own output")
  }

  @Test func missingInputsAreNamed() {
    var model = TestModel("Relu")
    model.nodes[0].inputs = ["nowhere"]
    #expect(model.error()?.message == "test: node 'Relu_0' (Relu): input 'nowhere' is computed by no node")
    model.nodes[0].inputs = []
    #expect(model.error()?.message == "test: node 'Relu_0' (Relu): input 0 (X) is missing")
    #expect(model.error()?.kind == .malformed)
    model.outputs = ["nothing"]
    #expect(model.error()?.message == "test: output 'nothing' is computed by no node")
    model.outputs = []
    #expect(model.error()?.kind == .malformed)
  }

  @Test func doubleNamesAreNamed() {
    var model = TestModel("Relu")
    model.add("Tanh", ["x"], ["y"])
    #expect(model.error()?.message.contains("another value named 'y'") == true)
    var inputs = TestModel("Relu")
    inputs.inputs.append(inputs.inputs[0])
    #expect(inputs.error()?.message.contains("two inputs are named 'x'") == true)
    var stored = TestModel("Relu")
    stored.stored = [("w", .scalar(1)), ("w", .scalar(2))]
    #expect(stored.error()?.message.contains("two stored tensors are named 'w'") == true)
    var outputs = TestModel("Relu")
    outputs.outputs = ["y", "y"]
    #expect(outputs.error()?.kind == .malformed)
  }

  @Test func storedTensorsMayBeListedAmongTheInputs() throws {
    var model = TestModel("Add", [], [("w", .scalar(1))])
    model.irVersion = 3
    model.inputs.append(("w", 1, []))
    let graph = try model.load().graph
    #expect(graph.inputs.count == 1)
    #expect(graph.lines == ["y f32[N,3,8,8] = binary(x, w) kind=add"])
  }

  @Test func nodesThatNothingNeedsAreLeftOut() throws {
    var model = TestModel("Relu")
    model.add("NonMaxSuppression", ["y"], ["boxes"])
    let imported = try model.load()
    #expect(imported.graph.nodes.count == 1)
    #expect(imported.operatorCounts.map(\.op) == ["Relu"])
  }

  @Test func staleShapesAreIgnored() throws {
    var model = TestModel("Relu", x: ["N", 2])
    model.graphExtra = { graph in
      graph.message(13) {
        $0.string(1, "y")
        $0.message(2) { $0.message(1) { $0.message(2) { $0.message(1) { $0.integer(1, 99) } } } }
      }
    }
    #expect(try model.text() == ["y f32[N,2] = unary(x) kind=relu"])
  }

  @Test func outputsThatAreInputsOrConstants() throws {
    var model = TestModel(x: ["N", 2])
    model.stored = [("w", .floats([2], [1, 2]))]
    model.add("Identity", ["x"], ["y"])
    model.add("Identity", ["w"], ["z"])
    model.outputs = ["y", "z", "x"]
    let graph = try model.load().graph
    #expect(graph.outputs.map { graph[$0].name } == ["y", "z", "x"])
    #expect(graph.numbers("z") == [1, 2])
  }

  @Test func namesThatTheLoweringWouldTake() throws {
    var model = TestModel(opset: 11, x: ["N", 3, 8])
    model.add("Softmax", ["x"], ["y"])
    model.add("Relu", ["y"], ["y.flat"])
    model.outputs = ["y.flat"]
    #expect(try model.load().graph.nodes.map(\.name) == ["Softmax_0", "Softmax_0", "Softmax_0", "Relu_1"])
  }

  @Test func producerAndOpsetAreKept() throws {
    let model = try TestModel("Relu", opset: 15).load()
    #expect(model.producer == "tests 1.0")
    #expect(model.opset == 15)
    #expect(try TestModel("Relu", opset: 99).load().warnings.count == 1)
    #expect(TestModel("Relu", opset: 0).error()?.kind == .malformed)
  }

  @Test func allUnsupportedOperatorsAreReportedAtOnce() {
    var model = TestModel()
    model.add("NonMaxSuppression", ["x"], ["a"], name: "nms")
    model.add("GridSample", ["a"], ["b"])
    model.add("GridSample", ["b"], ["c"])
    model.add("FusedConv", ["c"], ["y"], domain: "com.microsoft")
    let error = model.error()
    #expect(error?.kind == .unsupported)
    #expect(
      error?.message
        == "test: operators not supported at opset 17: GridSample x 2 (GridSample_1, GridSample_2); NonMaxSuppression x 1 (nms); "
        + "com.microsoft.FusedConv x 1 (FusedConv_3)")
    #expect(error?.hint?.hasPrefix("export the model again without optimisation") == true)
  }

  @Test func operatorListIsComplete() {
    let list = ONNXImporter.supportedOperators
    #expect(list.count >= 48)
    #expect(list.first { $0.op == "Clip" }?.since == [1, 11])
    #expect(list.map(\.op) == list.map(\.op).sorted())
  }

  @Test func recognition() {
    #expect(ONNXImporter.recognises(TestModel("Relu").bytes))
    #expect(ONNXImporter.recognises(Array(TestModel("Relu").bytes.dropLast(9))))
    #expect(!ONNXImporter.recognises([]))
    #expect(!ONNXImporter.recognises([0x89] + Array("HDF\r\n".utf8)))
    #expect(!ONNXImporter.recognises(Array("PEX bundle, nothing else".utf8)))
    #expect(!ONNXImporter.recognises([UInt8](repeating: 0, count: 64)))
  }
}
