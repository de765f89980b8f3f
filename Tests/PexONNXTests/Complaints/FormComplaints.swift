import Foundation
import PexONNX
import PexTensor
import Testing

/// What importers get wrong because an operator's form changed from one operator set to another. All numbers are
/// small enough to be worked out by hand from the operators' specifications.
@Suite struct FormComplaints {
  @Test("complaint 5: Softmax takes all axes from 1 on together before opset 13, and the last one since")
  func softmax() throws {
    let x: [Float] = [0, log(2), log(3), log(4)]
    #expect(isClose(try TestModel("Softmax", opset: 11, x: ["N", 2, 2]).numbers(x), [0.1, 0.2, 0.3, 0.4]))
    #expect(isClose(try TestModel("Softmax", opset: 13, x: ["N", 2, 2]).numbers(x), [1 / 3, 2 / 3, 3 / 7, 4 / 7]))
    let along = TestModel("Softmax", opset: 13, x: ["N", 2, 2], [("axis", .integer(1))])
    #expect(isClose(try along.numbers(x), [1 / 4, 2 / 6, 3 / 4, 4 / 6]))
    let logarithms = try TestModel("LogSoftmax", opset: 12, x: ["N", 2, 2]).numbers(x)
    #expect(isClose(logarithms, [log(0.1), log(0.2), log(0.3), log(0.4)]))
  }

  @Test("complaint 6: Clip's bounds are attributes or inputs, and each may be absent") func clip() throws {
    let x: [Float] = [-9, -1, 1, 9]
    let low: (String, TestModel.Attribute) = ("min", .float(-2))
    let high: (String, TestModel.Attribute) = ("max", .float(3))
    #expect(try TestModel.row("Clip", opset: 6, count: 4, [low, high]).numbers(x) == [-2, -1, 1, 3])
    #expect(try TestModel.row("Clip", opset: 6, count: 4, [low]).numbers(x) == [-2, -1, 1, 9])
    #expect(try TestModel.row("Clip", opset: 6, count: 4).numbers(x) == x)
    let inputs: [(String, TestModel.Stored)] = [("low", .scalar(-2)), ("high", .scalar(3))]
    for opset in [11, 12, 13] {
      #expect(try TestModel.row("Clip", opset: opset, count: 4, [], inputs).numbers(x) == [-2, -1, 1, 3])
      #expect(try TestModel.row("Clip", opset: opset, count: 4, [], [inputs[0]]).numbers(x) == [-2, -1, 1, 9])
      #expect(try TestModel.row("Clip", opset: opset, count: 4).numbers(x) == x)
      var upper = TestModel(opset: opset, x: ["N", 4])
      upper.stored = [inputs[1]]
      upper.add("Clip", ["x", "", "high"], ["y"])
      #expect(try upper.numbers(x) == [-9, -1, 1, 3])
    }
  }

  @Test("complaint 7: axes of Squeeze, Unsqueeze and Reduce are an attribute or an input") func axes() throws {
    func shape(_ op: String, _ opset: Int, _ axes: [Int], x: [TestModel.Extent], isInput: Bool) throws -> [Int] {
      let model =
        isInput
        ? TestModel(op, opset: opset, x: x, [], [("a", .integers(axes))])
        : TestModel(op, opset: opset, x: x, [("axes", .integers(axes))])
      let y = try model.computed([1, 2, 3])
      #expect(y.floats == [1, 2, 3])
      return y.shape.dimensions
    }
    #expect(try shape("Squeeze", 11, [2], x: ["N", 3, 1], isInput: false) == [1, 3])
    #expect(try shape("Squeeze", 13, [-1], x: ["N", 3, 1], isInput: true) == [1, 3])
    #expect(try shape("Unsqueeze", 11, [1, 3], x: ["N", 3], isInput: false) == [1, 1, 3, 1])
    #expect(try shape("Unsqueeze", 13, [3, 1], x: ["N", 3], isInput: true) == [1, 1, 3, 1])
    // ReduceSum changed five operator sets before the others did.
    for (op, changed, expected) in [("ReduceSum", 13, [6]), ("ReduceMean", 18, [2]), ("ReduceMax", 18, [3])] {
      let attribute = TestModel(op, opset: changed - 1, x: ["N", 3], [("axes", .integers([1]))])
      #expect(try attribute.numbers([1, 2, 3]) == expected.map(Float.init))
      let input = TestModel(op, opset: changed, x: ["N", 3], [], [("a", .integers([1]))])
      #expect(try input.numbers([1, 2, 3]) == expected.map(Float.init))
      #expect(try input.computed([1, 2, 3]).shape.dimensions == [1, 1])
      // Where they are an input, an attribute is an error and not ignored.
      #expect(TestModel(op, opset: changed, x: ["N", 3], [("axes", .integers([1]))]).error() != nil)
    }
  }

  private let pads: [Int] = [0, 0, 0, 2, 0, 0, 0, 1]

  @Test("complaint 8: Pad by attributes, by inputs, and without its optional third") func constantPad() throws {
    let attributes: [(String, TestModel.Attribute)] = [("pads", .integers(pads)), ("value", .float(7))]
    #expect(try TestModel.row("Pad", opset: 2, count: 3, attributes).numbers([1, 2, 3]) == [7, 7, 1, 2, 3, 7])
    let amounts: (String, TestModel.Stored) = ("p", .integers(pads))
    let filled = TestModel.row("Pad", opset: 11, count: 3, [], [amounts, ("v", .scalar(7))])
    #expect(try filled.numbers([1, 2, 3]) == [7, 7, 1, 2, 3, 7])
    #expect(try TestModel.row("Pad", count: 3, [], [amounts]).numbers([1, 2, 3]) == [0, 0, 1, 2, 3, 0])
  }

  @Test(
    "complaint 8: Pad by reflection and by the edge", arguments: [2, 13])
  func mirroredPad(opset: Int) throws {
    func padded(_ mode: String) throws -> [Float] {
      let word: (String, TestModel.Attribute) = ("mode", .string(mode))
      let model =
        opset < 11
        ? TestModel.row("Pad", opset: opset, count: 3, [word, ("pads", .integers(pads))])
        : TestModel.row("Pad", opset: opset, count: 3, [word], [("p", .integers(pads))])
      return try model.numbers([1, 2, 3])
    }
    // The border itself is not repeated by the one, and is by the other.
    #expect(try padded("reflect") == [3, 2, 1, 2, 3, 2])
    #expect(try padded("edge") == [1, 1, 1, 2, 3, 3])
  }

  @Test("complaint 9: Dropout's mask and ratio do not matter, and training is refused", arguments: [6, 7, 10, 12, 13])
  func dropout(opset: Int) throws {
    var model = TestModel(opset: opset, x: ["N", 3])
    model.add("Dropout", ["x"], ["y", "mask"], opset < 7 ? [("is_test", .integer(1))] : [])
    #expect(try model.numbers([1, -2, 3]) == [1, -2, 3])
    var half = TestModel(opset: opset, x: ["N", 3])
    if opset < 12 {
      half.add("Dropout", ["x"], ["y"], [("ratio", .float(0.5))] + (opset < 7 ? [("is_test", .integer(1))] : []))
    } else {
      half.stored = [("ratio", .scalar(0.5))]
      half.add("Dropout", ["x", "ratio"], ["y"])
    }
    #expect(try half.numbers([1, -2, 3]) == [1, -2, 3])
    var training = half
    if opset < 7 {
      training.nodes[0].attributes = []
    } else if opset >= 12 {
      training.stored.append(("training", .init(type: 9, dims: [], raw: [1])))
      training.nodes[0].inputs.append("training")
    } else {
      return
    }
    #expect(training.error()?.kind == .unsupported)
    #expect(training.error()?.hint == "export the model in evaluation mode")
  }

  @Test("complaint 10: BatchNormalization's further outputs, spatial and training mode", arguments: [7, 9, 14, 15])
  func batchNormalization(opset: Int) throws {
    // 2 (x - 3) / sqrt(3 + 1) + 1 = x - 2
    let statistics: [(String, TestModel.Stored)] = [
      ("scale", .floats([1], [2])), ("shift", .floats([1], [1])), ("mean", .floats([1], [3])),
      ("variance", .floats([1], [3])),
    ]
    let epsilon: (String, TestModel.Attribute) = ("epsilon", .float(1))
    var model = TestModel("BatchNormalization", opset: opset, x: ["N", 1, 1, 2], [epsilon], statistics)
    #expect(try model.numbers([1, 5]) == [-1, 3])
    // They are named by exporters in training mode and read by nobody.
    model.nodes[0].outputs += opset < 14 ? ["m", "v", "sm", "sv"] : ["m", "v"]
    #expect(try model.numbers([1, 5]) == [-1, 3])
    model.outputs = ["y", "m"]
    #expect(model.error()?.kind == .unsupported)
    #expect(model.error()?.message.contains("'m'") == true)
    let other: (String, TestModel.Attribute) = opset < 9 ? ("spatial", .integer(0)) : ("training_mode", .integer(1))
    let refused = TestModel("BatchNormalization", opset: opset, x: ["N", 1, 1, 2], [epsilon, other], statistics).error()
    #expect(refused != nil)
    #expect(refused?.message.contains(opset < 9 ? "'spatial'" : "training") == true)
  }

  @Test("complaint 13: Gemm's transB, alpha and beta, and every shape of C or none") func gemm() throws {
    let columns: (String, TestModel.Stored) = ("b", .floats([2, 3], [1, 2, 3, 4, 5, 6]))
    let rows: (String, TestModel.Stored) = ("b", .floats([3, 2], [1, 4, 2, 5, 3, 6]))
    let transposed: (String, TestModel.Attribute) = ("transB", .integer(1))
    // [1 2] times the columns is [9 12 15].
    #expect(try TestModel("Gemm", x: ["N", 2], [], [columns]).numbers([1, 2]) == [9, 12, 15])
    #expect(try TestModel("Gemm", x: ["N", 2], [transposed], [rows]).numbers([1, 2]) == [9, 12, 15])
    let factors: [(String, TestModel.Attribute)] = [transposed, ("alpha", .float(2)), ("beta", .float(0.5))]
    func scaled(_ dims: [Int], _ values: [Float], _ x: [Float] = [1, 2]) throws -> [Float] {
      try TestModel("Gemm", x: [.fixed(x.count / 2), 2], factors, [rows, ("c", .floats(dims, values))]).numbers(x)
    }
    #expect(try scaled([3], [2, 4, 6]) == [19, 26, 33])
    #expect(try scaled([1, 3], [2, 4, 6]) == [19, 26, 33])
    #expect(try scaled([], [2]) == [19, 25, 31])
    #expect(try scaled([1], [2]) == [19, 25, 31])
    // A number for every sample, and one for every sample and column.
    #expect(try scaled([2, 1], [2, 4], [1, 2, 0, 1]) == [19, 25, 31, 10, 12, 14])
    #expect(try scaled([2, 3], [0, 2, 4, 6, 8, 10], [1, 2, 0, 1]) == [18, 25, 32, 11, 14, 17])
  }

  @Test("complaint 13: Gemm's transA") func transposedLeft() throws {
    let identity: (String, TestModel.Stored) = ("b", .floats([2, 2], [1, 0, 0, 1]))
    let model = TestModel("Gemm", x: [2, 3], [("transA", .integer(1))], [identity])
    let y = try model.computed([1, 2, 3, 4, 5, 6])
    #expect(y.shape.dimensions == [3, 2])
    #expect(y.floats == [1, 4, 2, 5, 3, 6])
  }
}
