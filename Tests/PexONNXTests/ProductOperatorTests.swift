import PexGraph
import Testing

@Suite struct ProductOperatorTests {
  private let b = ("b", TestModel.Stored.floats([2, 3], [1, 2, 3, 4, 5, 6]))
  private let transposed = ("b", TestModel.Stored.floats([3, 2], [1, 4, 2, 5, 3, 6]))

  @Test func transpositionGoesIntoTheWeight() throws {
    let graph = try TestModel("Gemm", x: ["N", 2], [], [b]).load().graph
    #expect(graph.lines == ["y f32[N,3] = linear(x, b.transposed)"])
    #expect(graph.numbers("b.transposed") == [1, 4, 2, 5, 3, 6])
    let plain = try TestModel("Gemm", x: ["N", 2], [("transB", .integer(1))], [transposed]).load().graph
    #expect(plain.lines == ["y f32[N,3] = linear(x, b)"])
  }

  @Test func factorsGoIntoTheConstants() throws {
    let graph = try TestModel(
      "Gemm", x: ["N", 2], [("transB", .integer(1)), ("alpha", .float(2)), ("beta", .float(0.5))],
      [transposed, ("c", .floats([1, 3], [2, 4, 6]))]
    ).load().graph
    #expect(graph.nodes.count == 1)
    #expect(graph.numbers("b.x2.0") == [2, 8, 4, 10, 6, 12])
    #expect(graph.nodes.first.map { graph[$0.inputs[2]].constant?.floats } == [1, 2, 3])
  }

  @Test func scalarBiasIsSpread() throws {
    let graph = try TestModel("Gemm", x: ["N", 2], [], [b, ("c", .scalar(7))]).load().graph
    #expect(graph.nodes.first.map { graph[$0.inputs[2]].constant?.floats } == [7, 7, 7])
  }

  @Test func biasOfEverySampleIsAdded() throws {
    let text = try TestModel("Gemm", x: [4, 2], [], [b, ("c", .weights([4, 3]))]).text()
    #expect(text.map { $0.split(separator: "(")[0] } == ["y.product f32[4,3] = linear", "y f32[4,3] = binary"])
  }

  @Test func biasMayBeLeftOutByName() throws {
    var model = TestModel(x: ["N", 2])
    model.stored = [b]
    model.add("Gemm", ["x", "b", ""], ["y"])
    #expect(try model.text() == ["y f32[N,3] = linear(x, b.transposed)"])
  }

  @Test func transposedLeftMatrixFixesTheBatch() throws {
    #expect(
      try TestModel("Gemm", x: [2, 5], [("transA", .integer(1))], [b]).text() == [
        "y.left f32[5,2] = transpose(x) permutation=1,0", "y f32[5,3] = linear(y.left, b.transposed)",
      ])
  }

  @Test func matrixProduct() throws {
    #expect(try TestModel("MatMul", x: ["N", 2], [], [b]).text() == ["y f32[N,3] = linear(x, b.transposed)"])
    #expect(try TestModel("MatMul", x: ["N", 5, 2], [], [b]).text() == ["y f32[N,5,3] = matrix_product(x, b)"])
    var list = TestModel(x: ["N", 5, 2])
    list.stored = [("column", .floats([2], [1, 2]))]
    list.add("MatMul", ["x", "column"], ["y"])
    #expect(
      try list.text().suffix(2) == [
        "y.product f32[N,5,1] = matrix_product(x, y.column)", "y f32[N,5] = reshape(y.product) shape=N,5",
      ])
    #expect(TestModel("MatMul", x: ["N", 5, 3], [], [b]).error()?.kind == .malformed)
  }

  @Test func computedRightMatrixIsTransposedInTheGraph() throws {
    var model = TestModel(x: ["N", 2])
    model.inputs.append(("w", 1, [2, 3]))
    model.add("MatMul", ["x", "w"], ["y"])
    #expect(
      try model.text() == [
        "y.transposed f32[3,2] = transpose(w) permutation=1,0", "y f32[N,3] = linear(x, y.transposed)",
      ])
  }

  @Test func namesOfChangedWeightsDoNotCollideWithTheModels() throws {
    var model = TestModel(x: ["N", 2])
    model.stored = [("b", .floats([2, 2], [1, 2, 3, 4])), ("b.transposed", .floats([2], [8, 9]))]
    model.add("MatMul", ["x", "b"], ["h"])
    model.add("Add", ["h", "b.transposed"], ["y"])
    let graph = try model.load().graph
    #expect(graph.lines[1] == "y f32[N,2] = binary(h, b.transposed) kind=add")
    #expect(graph.numbers("b.transposed") == [8, 9])
    #expect(graph.nodes.first.map { graph[$0.inputs[1]].constant?.floats } == [1, 3, 2, 4])
  }

  @Test func sharedWeightIsTransposedOnce() throws {
    var model = TestModel(x: ["N", 2])
    model.stored = [("b", .weights([2, 2]))]
    model.add("MatMul", ["x", "b"], ["h"])
    model.add("MatMul", ["h", "b"], ["y"])
    #expect(try model.text() == ["h f32[N,2] = linear(x, b.transposed)", "y f32[N,2] = linear(h, b.transposed)"])
  }
}
