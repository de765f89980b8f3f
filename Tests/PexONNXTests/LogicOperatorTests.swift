import PexGraph
import PexReference
import PexTensor
import Testing

/// Comparisons and choices, of shapes and of what the network computes.
@Suite struct LogicOperatorTests {
  private func values(_ model: TestModel, _ x: [Float]) throws -> [Float] {
    try Reference.run(model.load().graph, inputs: [Tensor([1, x.count], x)])[0].floats
  }

  @Test(
    arguments: [
      ("Less", [1, 0, 0]), ("LessOrEqual", [1, 1, 0]), ("Greater", [0, 0, 1]), ("GreaterOrEqual", [0, 1, 1]),
      ("Equal", [0, 1, 0]),
    ] as [(String, [Float])])
  func comparisonsOfComputedNumbers(op: String, expected: [Float]) throws {
    let model = TestModel(op, x: ["N", 3], [], [("limit", .scalar(2))])
    #expect(try values(model, [1, 2, 3]) == expected)
  }

  /// Softplus as torch's newer exporter writes it.
  @Test func aChoiceBetweenComputedNumbers() throws {
    var model = TestModel(x: ["N", 3])
    model.stored = [("limit", .scalar(20))]
    model.add("Greater", ["x", "limit"], ["far"])
    model.add("Softplus", ["x"], ["soft"])
    model.add("Where", ["far", "x", "soft"], ["y"])
    #expect(try values(model, [30, 0, 21]) == [30, 0.6931472, 21])
  }

  @Test func truthValuesAreCombined() throws {
    var model = TestModel(x: ["N", 3])
    model.stored = [("one", .scalar(1)), ("three", .scalar(3))]
    model.add("Greater", ["x", "one"], ["above"])
    model.add("Less", ["x", "three"], ["below"])
    model.add("And", ["above", "below"], ["within"])
    model.add("Not", ["within"], ["outside"])
    model.add("Where", ["outside", "x", "one"], ["y"])
    #expect(try values(model, [0, 2, 5]) == [0, 1, 5])
  }

  @Test func choicesBetweenShapesFold() throws {
    var model = TestModel()
    model.stored = [("minus", .integers([-1])), ("target", .integers([0, -1]))]
    model.add("Shape", ["x"], ["shape"], [("start", .integer(0)), ("end", .integer(2))])
    model.add("Equal", ["target", "minus"], ["open"])
    model.add("Where", ["open", "target", "shape"], ["mixed"])
    model.add("Reshape", ["x", "mixed"], ["y"])
    #expect(try model.text() == ["y f32[N,192] = reshape(x) shape=N,192"])
  }
}
