import PexGraph
import PexTensor
import Testing

/// Settings that no exporter writes end in an error, never in a crash or without end.
@Suite struct HostileOperatorTests {
  private let image: [TestModel.Extent] = [1, 4, 8, 8]

  @Test func outputShapesOfTooFewExtents() {
    let weight = [("w", TestModel.Stored.weights([4, 2, 3, 3]))]
    let error = TestModel("ConvTranspose", x: image, [("output_shape", .integers([16]))], weight).error()
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("'output_shape': expected 2 integers, found [16]") == true)
  }

  @Test func groupsOfNoSamples() throws {
    let scales: [(String, TestModel.Stored)] = [("s", .weights([4])), ("b", .weights([4]))]
    let model = TestModel("GroupNormalization", opset: 21, x: [0, 4, 8, 8], [("num_groups", .integer(2))], scales)
    #expect(model.error()?.kind != .defect)
  }

  @Test(arguments: [(Int.max - 1, Int.max, Int.max - 1), (-1, Int.max, Int.max - 1), (-7, 3, 2), (7, -3, -2)])
  func remainders(a: Int, b: Int, expected: Int) throws {
    var model = TestModel()
    model.stored = [("a", .integers([a])), ("b", .integers([b]))]
    model.outputs = ["y", "r"]
    model.add("Relu", ["x"], ["y"])
    model.add("Mod", ["a", "b"], ["r"])
    let graph = try model.load().graph
    #expect(try graph[#require(graph.value(named: "r"))].constant?.integers == [expected])
  }

  @Test func partsWhoseSumOverflows() {
    let parts = Array(repeating: 1 << 58, count: 40)
    var model = TestModel(opset: 13, x: [.fixed(1 << 58)])
    model.stored = [("parts", .integers(parts))]
    model.outputs = ["p0"]
    model.add("Split", ["x", "parts"], parts.indices.map { "p\($0)" })
    #expect(model.error()?.message.contains("do not make up") == true)
  }

  @Test func blocksOfMapsWithoutPixels() {
    let model = TestModel(
      "SpaceToDepth", opset: 13, x: [1, .fixed(1 << 50), 0, 0], [("blocksize", .integer(4096))])
    // An input without pixels is one whose extents are open.
    #expect(model.error()?.kind == .usage)
  }

  @Test func sizesBeyondEveryInteger() {
    let sizes = [
      ("roi", TestModel.Stored.floats([0], [])), ("scales", .floats([0], [])), ("sizes", .integers([1 << 24, 1])),
    ]
    let model = TestModel(
      "Resize", opset: 18, x: [1, 1, 1, .fixed(1 << 50)],
      [("axes", .integers([2, 3])), ("keep_aspect_ratio_policy", .string("not_smaller"))], sizes)
    #expect(model.error()?.message.contains("is not 1…2^24") == true)
  }

  @Test func fewerZeroPointsThanScales() {
    var model = TestModel(x: [1, 3])
    model.stored = [
      ("q", .integers(Array(0..<3), dims: [1, 3])), ("scales", .floats([3], [1, 2, 3])), ("zero", .integers([1])),
    ]
    model.add("DequantizeLinear", ["q", "scales", "zero"], ["w"])
    model.add("Add", ["x", "w"], ["y"])
    #expect(model.error()?.message.contains("3 scales and 1 zero points") == true)
  }

  @Test func oneListNamedManyTimes() {
    var model = TestModel()
    model.stored = [("list", .integers(Array(repeating: 1, count: 4096)))]
    model.add("Concat", Array(repeating: "list", count: 1 << 16), ["all"], [("axis", .integer(0))])
    model.add("Reshape", ["x", "all"], ["y"])
    #expect(model.error()?.message.contains("too many for shape arithmetic") == true)
  }

  @Test(arguments: [1 << 25, 1 << 40]) func tilesThatNoPlanCanList(count: Int) {
    let model = TestModel("Tile", x: [1, 2], [], [("repeats", .integers([1, count]))])
    #expect(model.error()?.message.contains("longer than 2^24") == true)
  }

  /// Small constants fold on import only as far as that is little work; the rest is left to the pass with its budget.
  @Test func foldingIsBounded() throws {
    var model = TestModel(x: [1, 64])
    model.stored = [("w0", .weights([64, 64])), ("w", .weights([64, 64]))]
    for step in 0..<200 { model.add("MatMul", ["w\(step)", "w"], ["w\(step + 1)"]) }
    model.add("MatMul", ["x", "w200"], ["y"])
    let products = try model.load().graph.nodes.count { $0.operation.isWork }
    #expect(products > 100 && products < 200)
  }
}
