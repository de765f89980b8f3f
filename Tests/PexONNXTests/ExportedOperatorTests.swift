import PexGraph
import PexTensor
import Testing

/// Operators that exporters write for parts of networks.
@Suite struct ExportedOperatorTests {
  @Test func theyComputeWhatOnnxruntimeComputes() throws {
    let numbers = try RuntimeNumbers("exported")
    // Only places of the batch's own make a network of one batch; there are none here.
    #expect(numbers.model.warnings.isEmpty)
    let errors = try numbers.errors()
    #expect(errors.count == 32)
    for (name, error) in errors { #expect(error < 1e-6, "\(name)") }
  }

  /// What was compared is a truth value already.
  @Test func aComparisonIsNotComparedAgain() throws {
    var model = TestModel(x: ["N", 3])
    model.stored = [("half", .scalar(0.5))]
    model.add("Less", ["x", "half"], ["less"])
    model.add("Cast", ["less"], ["y"], [("to", .integer(9))])
    #expect(
      try model.text().map { String($0.split(separator: "(")[0]) } == [
        "less f32[N,3] = binary", "y f32[N,3] = identity",
      ])
  }

  @Test func statisticsOfEveryElement() throws {
    let list: [Float] = [1, 2, 3, 4]
    let stored = ["scale", "shift", "mean"].map { ($0, TestModel.Stored.floats([1, 2, 2], list)) }
    let model = TestModel(
      "BatchNormalization", opset: 7, x: ["N", 1, 2, 2], [("spatial", .integer(0)), ("epsilon", .float(0))],
      stored + [("variance", .floats([1, 2, 2], [4, 1, 9, 16]))])
    let graph = try model.load().graph
    #expect(graph.numbers("y.factor") == [0.5, 2, 1, 1])
    #expect(graph.numbers("y.addend") == [0.5, -2, 0, 0])
    #expect(graph.nodes.map(\.operation.mnemonic) == ["binary", "binary"])
    var wrong = model
    wrong.stored[1].tensor = .floats([1, 4, 1], list)
    #expect(wrong.error()?.kind == .malformed)
  }

  @Test(arguments: [
    ("GatherND", [("i", TestModel.Stored.integers([3], dims: [1, 1]))], "indices"),
    ("GatherND", [("i", .integers([0, 0, 0, 0, 0], dims: [1, 5]))], "places [1, 5]"),
    ("CumSum", [("axis", .integers([4], dims: []))], "axis"),
    ("Einsum", [], "attribute 'equation'"),
  ])
  func whatDoesNotFitNamesTheNode(op: String, stored: [(String, TestModel.Stored)], message: String) {
    var model = TestModel(op, x: [3, 4, 2, 2], [], stored)
    model.nodes[0].name = "the node"
    let error = model.error()
    #expect(error?.message.contains("node 'the node' (\(op))") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
