import Foundation
import PexGraph
import PexReference
import PexTensor
import PexTestSupport
import Testing

/// Networks whose batch is an inner axis of some values: it stays open where samples stay apart.
@Suite struct BatchLiftTests {
  /// What a network computes for several samples at a time, and for each alone.
  private func differs(_ graph: Graph, samples: Int = 3) throws -> Float {
    let inputs = try randomInputs(graph, batch: samples, seed: 4)
    let together = try Reference.run(graph, inputs: inputs)
    var worst: Float = 0
    for sample in 0..<samples {
      let alone = try Reference.run(graph, inputs: inputs.map { try $0.sample(sample) })
      for (a, b) in zip(together, alone) { worst = max(worst, relativeError(try a.sample(sample), b)) }
    }
    return worst
  }

  @Test func aSequenceInFrontOfTheBatchIsTurnedBack() throws {
    var model = TestModel(x: ["N", 4, 5])
    model.stored = [("w", .weights([1, 24, 4])), ("r", .weights([1, 24, 6]))]
    model.add("Transpose", ["x"], ["t"], [("perm", .integers([2, 0, 1]))])
    model.add("LSTM", ["t", "w", "r"], ["", "last"])
    model.add("Relu", ["last"], ["y"])
    let imported = try model.load()
    #expect(imported.warnings.isEmpty)
    let graph = imported.graph
    #expect(graph.nodes.map(\.operation.mnemonic).first == "transpose")
    #expect(graph.nodes.contains { graph[$0.inputs[0]].type.dimensions == [.batch, 5, 4] })
    #expect(graph.outputs.map { graph[$0].type.dimensions } == [[.batch, 1, 6]] && graph.batchAxes == [1])
    #expect(try differs(graph) == 0)
  }

  /// Torch fills the states before the first step with zeros for every sample and cuts each layer's out of them.
  @Test func statesFilledForEverySampleAreNone() throws {
    var model = TestModel(x: ["N", 4, 5])
    model.stored = [
      ("w", .weights([2, 96, 4])), ("r", .weights([2, 96, 24])), ("axis", .integers([1])), ("four", .integers([4])),
      ("units", .integers([24])), ("from", .integers([2])), ("to", .integers([4])), ("zero", .integers([0])),
    ]
    model.add("Transpose", ["x"], ["t"], [("perm", .integers([2, 0, 1]))])
    model.add("Shape", ["t"], ["s"])
    model.add("Gather", ["s", "axis"], ["n"])
    model.add("Concat", ["four", "n", "units"], ["extents"], [("axis", .integer(0))])
    model.add("ConstantOfShape", ["extents"], ["zeros"])
    model.add("Slice", ["zeros", "from", "to", "zero"], ["state"])
    model.add(
      "LSTM", ["t", "w", "r", "", "", "state", "state"], ["", "last"], [("direction", .string("bidirectional"))])
    model.add("Transpose", ["last"], ["y"], Self.turn)
    let imported = try model.load()
    #expect(imported.warnings.isEmpty)
    #expect(imported.graph.outputs.map { imported.graph[$0].type.dimensions } == [[.batch, 2, 24]])
    #expect(try differs(imported.graph) == 0)
  }

  /// Rows of all samples and steps together are taken apart again.
  @Test func aBatchMergedWithStepsIsTakenApart() throws {
    var model = TestModel(x: ["N", 4, 5])
    model.stored = [("w", .weights([4, 2])), ("flat", .integers([-1, 4])), ("steps", .integers([5, -1, 2]))]
    model.add("Transpose", ["x"], ["t"], [("perm", .integers([2, 0, 1]))])
    model.add("Reshape", ["t", "flat"], ["rows"])
    model.add("MatMul", ["rows", "w"], ["each"])
    model.add("Reshape", ["each", "steps"], ["turned"])
    model.add("ReduceMean", ["turned"], ["y"], [("axes", .integers([0])), ("keepdims", .integer(0))])
    let graph = try model.load().graph
    #expect(graph.outputs.map { graph[$0].type.dimensions } == [[.batch, 2]] && graph.batchAxes == [0])
    #expect(try differs(graph) == 0)
  }

  /// The source's output has the batch inside: it is kept in front, and where it was is known.
  @Test(arguments: [["N", 3, 4], [1, 3, 4]] as [[TestModel.Extent]]) func anOutputKeepsWhereItsBatchWas(
    x: [TestModel.Extent]
  ) throws {
    let imported = try TestModel("Transpose", x: x, [("perm", .integers([2, 0, 1]))]).load()
    #expect(imported.warnings.isEmpty)
    #expect(imported.graph.batchAxes == [1])
    #expect(imported.graph.outputs.map { imported.graph[$0].type.dimensions } == [[.batch, 4, 3]])
    #expect(imported.graph.outputs.map { imported.graph[$0].name } == ["y"])
    let text = imported.graph.text()
    #expect(text.contains("output %y batch 1\n"))
    #expect(try Graph.parse(text).batchAxes == [1])
  }

  private static let turn: [(String, TestModel.Attribute)] = [("perm", .integers([1, 0, 2]))]

  /// Samples that are mixed on an inner axis; bounds that only a large batch meets; numbers made of the batch.
  @Test(arguments: ["softmax", "slice", "mean", "shift"]) func mixedSamplesFixTheBatch(what: String) throws {
    var model = TestModel(opset: 13, x: ["N", 3, 4])
    model.add("Transpose", ["x"], ["t"], Self.turn)
    switch what {
    case "softmax": model.add("Softmax", ["t"], ["m"], [("axis", .integer(1))])
    case "slice":
      model.stored = [("zero", .integers([0])), ("ten", .integers([10])), ("one", .integers([1]))]
      model.add("Slice", ["t", "zero", "ten", "one"], ["m"])
    case "mean": model.add("ReduceMean", ["t"], ["m"], [("axes", .integers([1]))])
    default:
      model.stored = [("zero", .integers([0]))]
      model.add("Shape", ["x"], ["s"])
      model.add("Gather", ["s", "zero"], ["n"])
      model.add("Cast", ["n"], ["f"], [("to", .integer(1))])
      model.add("Div", ["t", "f"], ["m"])
    }
    model.add("Transpose", ["m"], ["y"], Self.turn)
    let imported = try model.load()
    #expect(imported.warnings.count == 1 && imported.warnings[0].contains("fixed to 1, as it is not known"))
    #expect(imported.graph.inputs.allSatisfy { !imported.graph[$0.value].type.hasBatch })
  }

  /// What a file says of another batch than its own holds where it can be had.
  @Test func anotherBatchThanTheFilesIsTakenOrRefused() throws {
    var model = TestModel(x: [2, 3, 4])
    model.add("ReduceMean", ["x"], ["y"], [("keepdims", .integer(1))])
    let own = try model.load()
    #expect(own.warnings.count == 1 && own.warnings[0].contains("fixed to 2"))
    let one = try model.load(ImportOptions(inputShapes: ["x": [1, 3, 4]]))
    #expect(one.graph.inputs.map { one.graph[$0.value].type.dimensions } == [[1, 3, 4]])
    #expect(one.warnings.count == 1 && one.warnings[0].contains("fixed to 1"))
    var rows = TestModel(x: [2, 3, 4])
    rows.stored = [("shape", .integers([1, 6, 4]))]
    rows.add("Reshape", ["x", "shape"], ["r"])
    rows.add("ReduceMean", ["r"], ["y"], [("keepdims", .integer(1))])
    let error = rows.error(ImportOptions(inputShapes: ["x": [1, 3, 4]]))
    #expect(error?.kind == .usage && error?.message.contains("the file fixes the batch to 2") == true)
  }

  /// Torch repeats a class token for as many samples as there are, by arithmetic on shapes.
  @Test func aTokenIsSpreadOverTheBatch() throws {
    var model = TestModel(x: ["N", 4, 5])
    model.stored = [
      ("token", .weights([1, 1, 5])), ("zero", .integers([0])), ("minus", .integers([-1])), ("three", .integers([3])),
      ("rest", .integers([-1, -1])),
    ]
    model.add("Shape", ["x"], ["s"])
    model.add("Gather", ["s", "zero"], ["n"])
    model.add("Concat", ["n", "rest"], ["target"], [("axis", .integer(0))])
    model.add("ConstantOfShape", ["three"], ["zeros"])
    model.add("Equal", ["target", "minus"], ["open"])
    model.add("Mul", ["minus", "minus"], ["one"])
    model.add("Where", ["open", "one", "target"], ["extents"])
    model.add("Expand", ["token", "extents"], ["tokens"])
    model.add("Concat", ["tokens", "x"], ["y"], [("axis", .integer(1))])
    let imported = try model.load()
    #expect(imported.warnings.isEmpty)
    let graph = imported.graph
    #expect(graph.outputs.map { graph[$0].type.dimensions } == [[.batch, 5, 5]])
    #expect(try differs(graph) == 0)
    let inputs = try randomInputs(graph, batch: 2, seed: 4)
    let token = try #require(graph.values.first { $0.name == "token" }?.constant).floats
    let y = try #require(try Reference.run(graph, inputs: inputs).first)
    for sample in 0..<2 { #expect(Array(try y.sample(sample).floats.prefix(5)) == token) }
  }

  /// A file that fixes its batch to several samples says nothing of other batches.
  @Test func aFixedBatchOfSeveralStaysFixed() throws {
    let imported = try TestModel("Transpose", x: [2, 3, 4], Self.turn).load()
    #expect(imported.graph.lines == ["y f32[3,2,4] = transpose(x) permutation=1,0,2"])
  }

  @Test func theReaderOfPicturesIsAsInOnnxruntime() throws {
    let numbers = try RuntimeNumbers("crnn")
    #expect(numbers.model.warnings.isEmpty)
    #expect(try numbers.errors().allSatisfy { $0.error < 1e-5 })
    #expect(try differs(numbers.model.graph) == 0)
  }
}
