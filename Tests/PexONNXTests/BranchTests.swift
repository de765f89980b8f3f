import PexONNX
import PexTensor
import Testing

/// Of an `If` whose condition is known on import, the branch that it chooses is left.
@Suite struct BranchTests {
  private func truth(_ value: Bool) -> TestModel.Stored { .init(type: 9, dims: [], raw: [value ? 1 : 0]) }

  /// `y = If(known) { Relu(x) } else { Exp(x) }`.
  private func choice(_ value: Bool) -> TestModel {
    var model = TestModel(x: ["N", 2])
    model.stored = [("known", truth(value))]
    model.add(
      "If", ["known"], ["y"],
      [
        ("then_branch", .branch(.inside(["r"]) { $0.add("Relu", ["x"], ["r"]) })),
        ("else_branch", .branch(.inside(["r"]) { $0.add("Exp", ["x"], ["r"]) })),
      ])
    return model
  }

  @Test func theBranchThatIsChosenIsLeft() throws {
    #expect(try choice(true).text() == ["y f32[N,2] = unary(x) kind=relu"])
    #expect(try choice(false).text() == ["y f32[N,2] = unary(x) kind=exponential"])
    #expect(try choice(false).load().graph.nodes.map(\.name) == ["If_0/Exp_0"])
  }

  @Test func aConditionMayBeComputedOfShapes() throws {
    var model = choice(true)
    model.stored = []
    model.add("Shape", ["x"], ["shape"], [("start", .integer(1))])
    model.nodes[0].inputs = ["shape"]
    #expect(try model.text() == ["y f32[N,2] = unary(x) kind=relu"])
  }

  @Test func branchesSeeWhatIsAround() throws {
    var model = choice(true)
    model.nodes = []
    model.add("Tanh", ["x"], ["t"])
    let branch = TestModel.inside(["sum"]) {
      $0.stored = [("w", .floats([2], [3, 4]))]
      $0.add("Add", ["t", "w"], ["sum"])
    }
    model.add("If", ["known"], ["y"], [("then_branch", .branch(branch)), ("else_branch", .branch(branch))])
    #expect(
      try model.text() == ["t f32[N,2] = unary(x) kind=tanh", "y f32[N,2] = binary(t, w) kind=add"])
    #expect(try model.load().graph.numbers("w") == [3, 4])
  }

  @Test func anIfStandsBehindWhatItsBranchesRead() throws {
    var model = choice(true)
    model.nodes.insert(
      TestModel.Node(op: "Tanh", inputs: ["y"], outputs: ["z"], attributes: [], name: "", domain: ""), at: 0)
    model.outputs = ["z"]
    #expect(try model.load().graph.nodes.map(\.name) == ["If_1/Relu_0", "Tanh_0"])
  }

  @Test func branchesLieWithinBranches() throws {
    var model = choice(true)
    let inner = choice(false).nodes
    model.nodes[0].attributes[0].1 = .branch(.inside(["y"]) { $0.nodes = inner })
    // The inner one has an output named like the outer one's, and reads the same condition.
    #expect(try model.text() == ["y f32[N,2] = unary(x) kind=relu"])
    #expect(try model.load().graph.nodes.map(\.name) == ["If_0/If_0/Relu_0"])
  }

  @Test func equalNamesInBranchesDoNotMeet() throws {
    var model = choice(true)
    let branch = TestModel.inside(["r"]) {
      $0.stored = [("w", .floats([2], [1, 2]))]
      $0.add("Add", ["x", "w"], ["t"])
      $0.add("Relu", ["t"], ["r"])
    }
    model.nodes[0].attributes = [("then_branch", .branch(branch)), ("else_branch", .branch(branch))]
    model.nodes[0].name = "one"
    model.nodes.append(model.nodes[0])
    model.nodes[1].name = "two"
    model.nodes[1].outputs = ["z"]
    model.outputs = ["y", "z"]
    let graph = try model.load().graph
    #expect(graph.nodes.map(\.name) == ["one/Add_0", "one/Relu_1", "two/Add_0", "two/Relu_1"])
    #expect(graph.outputs.map { graph[$0].name } == ["y", "z"])
  }

  @Test func outputsMayBeValuesFromAround() throws {
    var model = choice(true)
    model.nodes[0].outputs = ["y", "z", "c"]
    let branch = TestModel.inside(["r", "r", "x"]) { $0.add("Relu", ["x"], ["r"]) }
    model.nodes[0].attributes[0].1 = .branch(branch)
    model.outputs = ["y", "z", "c"]
    let graph = try model.load().graph
    #expect(graph.outputs.map { graph[$0].name } == ["y", "z", "c"])
    #expect(graph.lines.last == "c f32[N,2] = identity(x)")
  }

  @Test func functionsAndBranchesMix() throws {
    var model = TestModel(x: ["N", 2])
    var function = TestModel.Function(name: "Maybe", inputs: ["a", "flag"])
    // "x" inside the branch is a value of its own, not the model's input that the call hands in.
    let branch = TestModel.inside(["r"]) {
      $0.add("Tanh", ["a"], ["x"])
      $0.add("Add", ["x", "a"], ["r"])
    }
    function.body.add("If", ["flag"], ["b"], [("then_branch", .branch(branch)), ("else_branch", .branch(branch))])
    model.functions = [function]
    model.stored = [("known", truth(true))]
    model.add("Maybe", ["x", "known"], ["y"], name: "call", domain: "mine")
    #expect(
      try model.text() == [
        "call/Maybe/x f32[N,2] = unary(x) kind=tanh", "y f32[N,2] = binary(call/Maybe/x, x) kind=add",
      ])
    #expect(try model.load().graph.nodes.map(\.name) == ["call/Maybe/If_0/Tanh_0", "call/Maybe/If_0/Add_1"])
  }

  @Test func anUnknownConditionIsRefusedByName() {
    var model = choice(true)
    model.stored = []
    model.inputs.append(("known", 1, [1]))
    let error = model.error()
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("node 'If_0' (If): its condition 'known' is computed while") == true)
    #expect(error?.hint != nil)
  }

  @Test func brokenBranchesAreNamed() {
    var noBranch = choice(true)
    noBranch.nodes[0].attributes.removeFirst()
    #expect(noBranch.error()?.message.contains("attribute 'then_branch' is missing") == true)
    var number = choice(true)
    number.nodes[0].attributes[0].1 = .integer(1)
    #expect(number.error()?.message.contains("attribute 'then_branch': expected a graph, found the integer 1") == true)
    var list = choice(true)
    list.stored = [("known", .integers([1, 0]))]
    #expect(list.error()?.message.contains("its condition 'known' is not one truth value") == true)
    var nowhere = choice(true)
    nowhere.nodes[0].attributes[0].1 = .branch(.inside(["r"]) { $0.add("Relu", ["nowhere"], ["r"]) })
    #expect(nowhere.error()?.message == "test: node 'If_0' (If): input 'nowhere' is computed by no node")
    var cycle = choice(true)
    cycle.nodes[0].attributes[0].1 = .branch(
      .inside(["r"]) {
        $0.add("Relu", ["q"], ["r"])
        $0.add("Relu", ["r"], ["q"])
      })
    #expect(cycle.error()?.message.contains("depends on its own output") == true)
    var few = choice(true)
    few.nodes[0].outputs = ["y", "z"]
    #expect(few.error()?.message.contains("it has 2 outputs, its branch 1") == true)
  }

  @Test func operatorsInBranchesAreReportedWhereNoneCanBeTaken() {
    var model = choice(true)
    let bad = TestModel.Attribute.branch(.inside(["r"]) { $0.add("NonMaxSuppression", ["x"], ["r"]) })
    model.nodes[0].attributes[1].1 = bad
    #expect(model.error() == nil)
    model.nodes[0].attributes[0].1 = bad
    #expect(model.error()?.kind == .unsupported)
    #expect(model.error()?.message.contains("NonMaxSuppression x 2") == true)
    var taken = choice(false)
    taken.nodes[0].attributes[1].1 = bad
    #expect(taken.error()?.kind == .unsupported)
    #expect(taken.error()?.message.contains("node 'If_0/NonMaxSuppression_0' (NonMaxSuppression)") == true)
  }

  @Test(arguments: ["Loop", "Scan"]) func loopsAreRefusedByName(op: String) {
    var model = choice(true)
    model.nodes[0].op = op
    #expect(model.error()?.kind == .unsupported)
    #expect(model.error()?.message.contains("\(op) x 1 (\(op)_0)") == true)
    #expect(model.error()?.hint?.contains("unrolled") == true)
  }
}
