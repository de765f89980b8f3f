import PexONNX
import PexTensor
import Testing

/// Operators that the file itself defines are replaced by what they are made of.
@Suite struct FunctionTests {
  /// `Block(a) = Exp(Relu(a))`, called once.
  private func block(_ change: (inout TestModel.Function) -> Void = { _ in }) -> TestModel {
    var model = TestModel(x: ["N", 2])
    model.add("Block", ["x"], ["y"], name: "first", domain: "mine")
    var block = TestModel.Function(name: "Block")
    block.body.add("Relu", ["a"], ["t"])
    block.body.add("Exp", ["t"], ["b"])
    change(&block)
    model.functions = [block]
    return model
  }

  @Test func aCallBecomesTheBody() throws {
    #expect(
      try block().text() == [
        "first/Block/t f32[N,2] = unary(x) kind=relu", "y f32[N,2] = unary(first/Block/t) kind=exponential",
      ])
    #expect(try block().load().graph.nodes.map(\.name) == ["first/Block/Relu_0", "first/Block/Exp_1"])
  }

  @Test func everyCallHasNamesOfItsOwn() throws {
    var model = block()
    model.nodes[0].name = "same"
    model.add("Block", ["y"], ["z"], name: "same", domain: "mine")
    model.add("Tanh", ["z"], ["same/Block/t"])
    model.outputs = ["same/Block/t"]
    let graph = try model.load().graph
    #expect(graph.nodes.count == 5)
    #expect(graph.lines.first == "same/Block/t_1 f32[N,2] = unary(x) kind=relu")
    #expect(graph.outputs.map { graph[$0].name } == ["same/Block/t"])
  }

  @Test func functionsCallFunctions() throws {
    var model = block()
    var outer = TestModel.Function(name: "Outer")
    outer.body.add("Block", ["a"], ["m"], domain: "mine")
    outer.body.add("Block", ["m"], ["b"], domain: "mine")
    model.functions.append(outer)
    model.nodes[0].op = "Outer"
    #expect(
      try model.load().graph.nodes.map(\.name) == [
        "first/Outer/Block_0/Relu_0", "first/Outer/Block_0/Exp_1", "first/Outer/Block_1/Relu_0",
        "first/Outer/Block_1/Exp_1",
      ])
  }

  @Test func attributesComeFromTheCallOrTheDefault() throws {
    var model = TestModel(x: ["N", 2])
    var leaky = TestModel.Function(name: "Leaky")
    leaky.defaults = [("slope", .float(0.5))]
    leaky.body.add("LeakyRelu", ["a"], ["b"], [("alpha", .reference("slope"))])
    model.functions = [leaky]
    model.add("Leaky", ["x"], ["u"], domain: "mine")
    model.add("Leaky", ["u"], ["y"], [("slope", .float(0.25))], domain: "mine")
    let text = try model.text()
    #expect(text.map { $0.contains("0.5") } == [true, false])
    #expect(text.map { $0.contains("0.25") } == [false, true])
  }

  @Test func anAttributeThatIsNotGivenIsLeftOut() throws {
    var model = TestModel(x: ["N", 2])
    var leaky = TestModel.Function(name: "Leaky")
    leaky.attributes = ["slope"]
    leaky.body.add("LeakyRelu", ["a"], ["b"], [("alpha", .reference("slope"))])
    model.functions = [leaky]
    model.add("Leaky", ["x"], ["y"], domain: "mine")
    #expect(try model.text() == TestModel("LeakyRelu", x: ["N", 2]).text())
  }

  @Test func aFunctionHasAnOperatorSetOfItsOwn() throws {
    // Up to opset 10 the bounds of Clip are attributes.
    let clip = block {
      $0.body.nodes = []
      $0.body.add("Clip", ["a"], ["b"], [("min", .float(0)), ("max", .float(6))])
    }
    #expect(clip.error()?.kind == .unsupported)
    let old = block {
      $0.body.nodes = clip.functions[0].body.nodes
      $0.opset = 10
    }
    #expect(try old.load().graph.nodes.count == 1)
  }

  @Test func overloadsAreToldApart() throws {
    var model = block()
    var other = TestModel.Function(name: "Block", overload: "b")
    other.body.add("Tanh", ["a"], ["b"])
    model.functions.append(other)
    #expect(try model.load().operatorCounts.map(\.op) == ["Exp", "Relu"])
    model.nodes[0].overload = "b"
    #expect(try model.load().operatorCounts.map(\.op) == ["Tanh"])
  }

  @Test func inputsMayBeLeftOutAndHandedOn() throws {
    var model = TestModel(x: ["N", 2])
    var bounds = TestModel.Function(name: "Bounds", inputs: ["a", "low", "high"], outputs: ["b", "a"])
    bounds.body.add("Clip", ["a", "low", "high"], ["b"])
    model.functions = [bounds]
    model.stored = [("six", .scalar(6))]
    model.add("Bounds", ["x", "", "six"], ["y", "same"], domain: "mine")
    model.outputs = ["y", "same"]
    let graph = try model.load().graph
    #expect(graph.outputs.map { graph[$0].name } == ["y", "same"])
    #expect(graph.lines.last == "same f32[N,2] = identity(x)")
  }

  @Test func aFunctionMayStandForAnOperatorOfAnotherDomain() throws {
    var model = block()
    model.functions[0].domain = "com.microsoft"
    model.nodes[0].domain = "com.microsoft"
    #expect(try model.load().graph.nodes.count == 2)
    // "ai.onnx" is another name of the standard domain, in nodes too.
    var named = TestModel(x: ["N", 2])
    named.add("Relu", ["x"], ["y"], domain: "ai.onnx")
    #expect(try named.load().graph.nodes.count == 1)
  }

  @Test func unsortedBodiesAreSorted() throws {
    let model = block { $0.body.nodes.reverse() }
    #expect(try model.load().operatorCounts.map(\.op) == ["Exp", "Relu"])
    #expect(try model.load().graph.nodes.map(\.name) == ["first/Block/Relu_1", "first/Block/Exp_0"])
  }

  @Test func operatorsInsideAreReported() {
    let model = block { $0.body.add("NonMaxSuppression", ["a"], ["t"]) }
    #expect(model.error()?.kind == .malformed)
    let inside = block {
      $0.body.nodes = []
      $0.body.add("NonMaxSuppression", ["a"], ["b"])
    }
    #expect(
      inside.error()?.message
        == "test: operators not supported at opset 17: NonMaxSuppression x 1 (first/Block/NonMaxSuppression_0)")
  }

  @Test func recursionIsNamed() {
    var model = block { $0.body.add("Other", ["b"], ["c"], domain: "mine") }
    var other = TestModel.Function(name: "Other")
    other.body.add("Block", ["a"], ["b"], domain: "mine")
    model.functions.append(other)
    #expect(model.error()?.kind == .malformed)
    #expect(
      model.error()?.message.contains("a function calls itself: mine.Block calls mine.Other calls mine.Block") == true)
    #expect(model.error()?.message.contains("node 'first' (mine.Block)") == true)
  }

  @Test func brokenFunctionsAreNamed() {
    #expect(block { $0.body.add("Relu", ["x"], ["c"]) }.error()?.message.contains("'x' is computed by none") == true)
    var twice = block()
    twice.functions.append(twice.functions[0])
    #expect(twice.error()?.message.contains("function 'mine.Block' is defined twice") == true)
    var many = block()
    many.nodes[0].inputs = ["x", "x"]
    #expect(many.error()?.message.contains("the node has 2 inputs, the function 1") == true)
    var outputs = block()
    outputs.nodes[0].outputs = ["y", "z"]
    #expect(outputs.error()?.message.contains("the node has 2 outputs, the function 1") == true)
    let missing = block { $0.outputs = ["nothing"] }
    #expect(missing.error()?.message.contains("'y' is computed by no node") == true)
  }

  @Test func functionsThatDoubleAreBounded() {
    // Each of sixty functions calls the next one twice: more calls than there are atoms in a grain of sand.
    var model = TestModel(x: ["N", 2])
    model.add("F0", ["x"], ["y"], domain: "mine")
    for index in 0..<60 {
      var function = TestModel.Function(name: "F\(index)")
      let next = index == 59 ? "Relu" : "F\(index + 1)"
      function.body.add(next, ["a"], ["m"], domain: index == 59 ? "" : "mine")
      function.body.add(next, ["m"], ["b"], domain: index == 59 ? "" : "mine")
      model.functions.append(function)
    }
    #expect(model.error()?.kind == .unsupported)
    #expect(model.error()?.message.contains("become more than") == true)
  }

  @Test func functionsThatLieDeepAreRefused() {
    var model = TestModel(x: ["N", 2])
    model.add("F0", ["x"], ["y"], domain: "mine")
    for index in 0..<5_000 {
      var function = TestModel.Function(name: "F\(index)")
      function.body.add("F\(index + 1)", ["a"], ["b"], domain: "mine")
      model.functions.append(function)
    }
    #expect(model.error()?.message.contains("nested more than 64 deep") == true)
  }

  @Test func longNamesAreBounded() {
    var model = block { $0.body.nodes[0].outputs = [String(repeating: "n", count: 100_000)] }
    model.functions[0].body.nodes[1].inputs = model.functions[0].body.nodes[0].outputs
    for index in 0..<300 { model.add("Block", ["x"], ["v\(index)"], domain: "mine") }
    #expect(model.error()?.message.contains("names in the model's functions become more than") == true)
  }
}
