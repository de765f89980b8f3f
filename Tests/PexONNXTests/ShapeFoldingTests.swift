import PexGraph
import Testing

/// Shape arithmetic is computed on import: nothing of it is left in the graph.
@Suite struct ShapeFoldingTests {
  /// `x.view(x.size(0), -1)` as torch writes it.
  @Test func shapeGatherConcatReshape() throws {
    var model = TestModel(opset: 13)
    model.stored = [("zero", .integers([0], dims: [])), ("rest", .integers([-1])), ("axes", .integers([0]))]
    model.add("Shape", ["x"], ["shape"])
    model.add("Gather", ["shape", "zero"], ["batch"], [("axis", .integer(0))])
    model.add("Unsqueeze", ["batch", "axes"], ["batch1"])
    model.add("Concat", ["batch1", "rest"], ["target"], [("axis", .integer(0))])
    model.add("Reshape", ["x", "target"], ["y"])
    #expect(try model.text() == ["y f32[N,192] = reshape(x) shape=N,192"])
  }

  /// A channel shuffle with every extent computed.
  @Test func arithmeticSliceAndCast() throws {
    var model = TestModel(opset: 17, x: ["N", 6, 4, 4])
    model.stored = [
      ("one", .integers([1])), ("two", .integers([2])), ("four", .integers([4])), ("groups", .integers([2], dims: [])),
      ("index", .integers([1], dims: [])),
    ]
    model.add("Shape", ["x"], ["shape"])
    model.add("Shape", ["x"], ["spatial"], [("start", .integer(-2))])
    model.add("Slice", ["shape", "one", "two"], ["channels"])
    model.add("Cast", ["channels"], ["channels64"], [("to", .integer(7))])
    model.add("Div", ["channels64", "groups"], ["each"])
    model.add("Slice", ["shape", "four", "four"], ["nothing"])
    model.add("Constant", [], ["zero"], [("value_ints", .integers([0]))])
    model.add("Slice", ["shape", "zero", "one"], ["batch"])
    model.add("Concat", ["batch", "two", "each", "spatial", "nothing"], ["target"], [("axis", .integer(0))])
    model.add("Reshape", ["x", "target"], ["grouped"])
    model.add("Transpose", ["grouped"], ["shuffled"], [("perm", .integers([0, 2, 1, 3, 4]))])
    model.add("Reshape", ["shuffled", "shape"], ["y"])
    #expect(
      try model.text() == [
        "grouped f32[N,2,3,4,4] = reshape(x) shape=N,2,3,4,4",
        "shuffled f32[N,3,2,4,4] = transpose(grouped) permutation=0,2,1,3,4",
        "y f32[N,6,4,4] = reshape(shuffled) shape=N,6,4,4",
      ])
  }

  @Test func backwardSliceAndLegacySlice() throws {
    var model = TestModel(opset: 11, x: [1, 2, 3])
    model.stored = [
      ("start", .integers([-1])), ("end", .integers([Int.min])), ("axes", .integers([0])), ("steps", .integers([-1])),
    ]
    model.add("Shape", ["x"], ["shape"])
    model.add("Slice", ["shape", "start", "end", "axes", "steps"], ["turned"])
    model.add("Constant", [], ["ones"], [("value", .tensor(.floats([3, 2, 1], [1, 2, 3, 4, 5, 6])))])
    model.add("Reshape", ["ones", "turned"], ["y"])
    // The batch cannot be turned round: the model is imported as the file has it.
    #expect(try model.load().graph.outputs.count == 1)
    var legacy = TestModel(opset: 9)
    legacy.add("Shape", ["x"], ["shape"])
    legacy.add(
      "Slice", ["shape"], ["two"], [("starts", .integers([0])), ("ends", .integers([2])), ("axes", .integers([0]))])
    legacy.add("Constant", [], ["rest"], [("value", .tensor(.integers([-1])))])
    legacy.add("Concat", ["two", "rest"], ["target"], [("axis", .integer(0))])
    legacy.add("Reshape", ["x", "target"], ["y"])
    #expect(try legacy.text() == ["y f32[N,3,64] = reshape(x) shape=N,3,64"])
  }

  @Test func constantsOfEveryForm() throws {
    var model = TestModel(x: ["N", 2])
    model.add("Constant", [], ["a"], [("value_float", .float(2))])
    model.add("Constant", [], ["b"], [("value_floats", .floats([3, 4]))])
    model.add("Constant", [], ["size"], [("value_ints", .integers([1, 2]))])
    model.add("ConstantOfShape", ["size"], ["c"], [("value", .tensor(.floats([1], [5])))])
    model.add("Max", ["x", "a", "b", "c"], ["y"])
    let graph = try model.load().graph
    #expect(graph.numbers("a") == [2])
    #expect(graph.numbers("b") == [3, 4])
    #expect(graph.numbers("c") == [5, 5])
    #expect(graph.lines.last == "y f32[N,2] = binary(y.2, c) kind=maximum")
  }

  @Test func listsCannotGrowWithoutLimit() {
    var model = TestModel()
    model.add("Shape", ["x"], ["s0"])
    for step in 0..<40 { model.add("Concat", ["s\(step)", "s\(step)"], ["s\(step + 1)"], [("axis", .integer(0))]) }
    model.add("Reshape", ["x", "s40"], ["y"])
    #expect(model.error()?.message.contains("too many for shape arithmetic") == true)
  }

  @Test func fillingIsLimited() {
    var model = TestModel()
    model.stored = [("size", .integers([1 << 20, 1 << 20]))]
    model.add("ConstantOfShape", ["size"], ["big"])
    model.add("Add", ["x", "big"], ["y"])
    #expect(model.error()?.kind == .unsupported)
  }

  @Test func overflowAndDivisionByZeroAreErrors() {
    for (op, left, right) in [("Mul", Int.max, 2), ("Div", 1, 0), ("Div", Int.min, -1), ("Sub", Int.min, 1)] {
      var model = TestModel()
      model.stored = [("a", .integers([left])), ("b", .integers([right]))]
      model.add(op, ["a", "b"], ["c"])
      model.add("Reshape", ["x", "c"], ["y"])
      #expect(model.error()?.kind == .malformed)
    }
  }
}
