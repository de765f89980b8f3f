import PexGraph
import PexONNX
import Testing

/// The batch stays symbolic where the network lets it, whether the file fixes it or not.
@Suite struct BatchTests {
  @Test func fixedBatchBecomesSymbolic() throws {
    let model = try TestModel("Flatten", x: [4, 3, 2, 2]).load()
    #expect(model.graph.lines == ["y f32[N,12] = reshape(x) shape=N,12"])
    #expect(model.warnings.isEmpty)
  }

  @Test func mixedSamplesFixTheBatchWithAWarning() throws {
    let model = try TestModel("Transpose", x: [4, 3]).load()
    #expect(model.graph.lines == ["y f32[3,4] = transpose(x) permutation=1,0"])
    #expect(model.warnings.count == 1)
    let sum = try TestModel("ReduceSum", opset: 11, x: ["N", 3], [("axes", .integers([0]))]).load()
    #expect(sum.graph.lines == ["y f32[1,3] = reduce(x) kind=sum axes=0 keeps_axes=1"])
  }

  @Test func twoSymbolsForOneBatch() throws {
    var model = TestModel(x: ["N", 3])
    model.inputs.append(("z", 1, ["batch_size", 3]))
    model.add("Add", ["x", "z"], ["y"])
    #expect(try model.text() == ["y f32[N,3] = binary(x, z) kind=add"])
  }

  @Test func inputsThatDisagreeHaveNoBatch() throws {
    var model = TestModel(x: [4, 3])
    model.inputs.append(("z", 1, [1, 3]))
    model.add("Add", ["x", "z"], ["y"])
    #expect(try model.text() == ["y f32[4,3] = binary(x, z) kind=add"])
  }

  @Test func openExtentsNeedAnOption() throws {
    let model = TestModel("Relu", x: ["N", 3, "H", "W"])
    #expect(model.error()?.kind == .usage)
    #expect(model.error()?.message.contains("input 'x': extent 2 is open ('H')") == true)
    #expect(model.error()?.hint?.contains("--input x:") == true)
    let expected = ["y f32[N,3,32,16] = unary(x) kind=relu"]
    #expect(try model.text(ImportOptions(inputShapes: ["x": [1, 3, 32, 16]])) == expected)
    #expect(try model.text(ImportOptions(inputShapes: ["x": [3, 32, 16]])) == expected)
    #expect(model.error(ImportOptions(inputShapes: ["x": [4, 32, 16]]))?.kind == .usage)
    #expect(model.error(ImportOptions(inputShapes: ["x": [32, 16]]))?.kind == .usage)
    #expect(model.error(ImportOptions(inputShapes: ["x": [3, 32, 0]]))?.kind == .usage)
    #expect(model.error(ImportOptions(inputShapes: ["q": [3, 32, 16]]))?.hint == "the inputs are x")
  }

  @Test func inputWithoutAShape() throws {
    var model = TestModel("Relu")
    model.inputs = [("x", 1, nil)]
    #expect(model.error()?.kind == .usage)
    #expect(try model.text(ImportOptions(inputShapes: ["x": [1, 5]])) == ["y f32[N,5] = unary(x) kind=relu"])
  }

  @Test func integerInputsAreRefusedByName() {
    var model = TestModel("Relu")
    model.inputs = [("tokens", 7, ["N", 3])]
    model.nodes[0].inputs = ["tokens"]
    #expect(model.error()?.kind == .unsupported)
    #expect(model.error()?.message.contains("input 'tokens'") == true)
  }

  @Test func halfInputsComputeInSinglePrecision() throws {
    var model = TestModel("Relu")
    model.inputs = [("x", 10, ["N", 3])]
    let imported = try model.load()
    #expect(imported.graph.lines == ["y f32[N,3] = unary(x) kind=relu"])
    #expect(imported.warnings == ["input 'x' is f16 in the file and f32 here"])
  }

  @Test func squeezeWithoutAxesFollowsTheFile() throws {
    #expect(try TestModel("Squeeze", x: [1, 3, 1]).text() == ["y f32[3] = reshape(x) shape=3"])
    #expect(try TestModel("Squeeze", x: ["N", 3, 1]).text() == ["y f32[N,3] = reshape(x) shape=N,3"])
  }

  @Test func classifierIsFoundOrChosen() throws {
    let model = TestModel("Softmax", x: ["N", 10])
    let graph = try model.load().graph
    #expect(graph.classifier?.kind == .probabilities)
    #expect(graph.classifier.map { graph[$0.logits].name } == "x")
    #expect(model.error(ImportOptions(outputName: "q"))?.kind == .usage)
    #expect(try model.load(ImportOptions(outputKind: OutputKind.none)).graph.classifier?.kind == OutputKind.none)
  }
}
