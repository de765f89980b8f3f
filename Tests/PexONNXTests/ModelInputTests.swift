import Foundation
import PexGraph
import PexONNX
import PexTensor
import Testing

/// Inputs as exporters leave them: open extents, integers, channels last, fixed values, and inputs that nothing reads.
@Suite struct ModelInputTests {
  /// An extent that is no symbol.
  private static func number(_ value: Int) -> TestModel.Extent { .fixed(value) }

  @Test(arguments: [-1, 0]) func extentsThatCannotBeAreOpen(extent: Int) throws {
    let open = Self.number(extent)
    let model = TestModel("Relu", x: [open, 3, open, open])
    let error = try #require(model.error())
    #expect(error.kind == .usage && error.message.contains("input 'x': extent 2 is open (\(extent))"))
    #expect(error.hint?.contains("--input x:1x3xHEIGHTxWIDTH, as in x:1x3x224x224") == true)
    #expect(
      try model.text(ImportOptions(inputShapes: ["x": [1, 3, 6, 5]])) == ["y f32[N,3,6,5] = unary(x) kind=relu"])
    #expect(try TestModel("Relu", x: [open, 7]).text() == ["y f32[N,7] = unary(x) kind=relu"])
    #expect(TestModel("Relu", x: [3, -2]).error()?.kind == .malformed)
  }

  /// What a hint proposes never contradicts the file.
  @Test(
    arguments: [
      (["batch", 1, 48, "width"], "--input x:1x1x48xWIDTH"), (["batch", "samples"], "--input x:1xSAMPLES"),
      (["N", "unk__7", "unk__8", 3], "--input x:1xHEIGHTxWIDTHx3, as in x:1x224x224x3"),
      (["N", 64, "unk__12"], "--input x:1x64xLENGTH"), (["N", 3, 16, "D", "H"], "--input x:1x3x16xDxH"),
      (["rate"], "--input x:RATE, or its numbers: --input x=VALUE"),
    ] as [([TestModel.Extent], String)])
  func hintsFillInWhatTheFileSays(extents: [TestModel.Extent], expected: String) throws {
    let hint = try #require(TestModel("Relu", x: extents).error()?.hint)
    #expect(hint.hasSuffix(expected))
  }

  @Test func shapesThatContradictTheFileAreRefusedWithTheFiles() throws {
    let model = TestModel("Relu", x: ["N", 1, 48, "W"])
    let error = try #require(model.error(ImportOptions(inputShapes: ["x": [1, 3, 48, 9]])))
    #expect(error.message.contains("extent 1 is 1 in the file") && error.hint?.contains("1x1x48xWIDTH") == true)
  }

  /// u8, i8, u16, i16, i32, i64, u32, u64.
  @Test(arguments: [2, 3, 4, 5, 6, 7, 12, 13]) func integersThatAreOnlyCastAreNumbers(type: Int) throws {
    var model = TestModel(x: ["N", 3, 2])
    model.inputs = [("x", type, ["N", 3, 2])]
    model.add("Unsqueeze", ["x", "axes"], ["u"])
    model.stored = [("axes", .integers([3]))]
    model.add("Cast", ["u"], ["f"], [("to", .integer(1))])
    model.add("Relu", ["f"], ["y"])
    let imported = try model.load()
    #expect(
      imported.graph.lines == [
        "u f32[N,3,2,1] = reshape(x) shape=N,3,2,1", "f f32[N,3,2,1] = identity(u)",
        "y f32[N,3,2,1] = unary(f) kind=relu",
      ])
    #expect(imported.warnings.count == 1 && imported.warnings[0].contains("whole numbers in f32 here"))
  }

  @Test func integersThatAreComputedWithAreRefusedByTheirReader() throws {
    var model = TestModel(x: ["N", 3])
    model.inputs = [("ids", 7, ["N", 3])]
    model.stored = [("two", .integers([2]))]
    model.add("Div", ["ids", "two"], ["half"], name: "halve")
    model.add("Cast", ["half"], ["y"], [("to", .integer(1))])
    let error = try #require(model.error())
    #expect(error.kind == .unsupported && error.message.contains("node 'halve' (Div)"))
    #expect(error.hint?.contains("--input ids=VALUE") == true)
    // Words become numbers by a table: the network begins behind it.
    var words = TestModel(x: ["N", 3])
    words.inputs = [("words", 7, ["N", 3])]
    words.stored = [("table", .weights([9, 4])), ("two", .integers([2]))]
    words.add("Mod", ["words", "two"], ["odd"])
    words.add("Gather", ["table", "odd"], ["rows"])
    words.add("Relu", ["rows"], ["y"])
    #expect(words.error()?.hint?.contains("extract_model('model.onnx', 'part.onnx', ['rows'], ['y'])") == true)
    // To truth values is no cast to numbers, and a truth value is none.
    var flags = TestModel(x: ["N", 3])
    flags.inputs = [("x", 9, ["N", 3])]
    flags.add("Cast", ["x"], ["y"], [("to", .integer(1))])
    #expect(flags.error()?.kind == .unsupported)
  }

  /// A picture with its channels last, and what reads it.
  private static func picture(
    channels: Int = 3, type: Int = 1, _ build: (inout TestModel) -> Void
  ) -> TestModel {
    var model = TestModel(x: ["N", 6, 5, .fixed(channels)])
    model.inputs[0].type = type
    build(&model)
    return model
  }

  private static let toFront: [(String, TestModel.Attribute)] = [("perm", .integers([0, 3, 1, 2]))]

  @Test func whatATranspositionAloneReadsLiesChannelsLast() throws {
    let model = Self.picture {
      $0.add("Transpose", ["x"], ["t"], Self.toFront)
      $0.add("Relu", ["t"], ["y"])
    }
    var graph = try model.load().graph
    #expect(graph.inputs.map(\.layout) == [.channelsLast])
    #expect(graph[graph.inputs[0].value].type.perSample == [1, 3, 6, 5])
    graph.removeUnused()
    #expect(graph.lines == ["t f32[N,3,6,5] = identity(x)", "y f32[N,3,6,5] = unary(t) kind=relu"])
    // The user's word counts.
    let asked = try model.load(ImportOptions(layout: .channelsFirst)).graph
    #expect(asked.inputs.map(\.layout) == [.channelsFirst])
    #expect(asked.lines.first == "t f32[N,3,6,5] = transpose(x) permutation=0,3,1,2")
  }

  @Test func behindACastAndArithmeticTheyDoToo() throws {
    let cast = Self.picture(type: 2) {
      $0.add("Cast", ["x"], ["c"], [("to", .integer(1))])
      $0.add("Transpose", ["c"], ["y"], Self.toFront)
    }
    var graph = try cast.load().graph
    graph.removeUnused()
    #expect(graph.inputs.map(\.layout) == [.channelsLast] && graph.lines == ["y f32[N,3,6,5] = identity(x)"])
    let scaled = Self.picture {
      $0.stored = [("s", .floats([3], [1, 2, 3]))]
      $0.add("Mul", ["x", "s"], ["m"])
      $0.add("Transpose", ["m"], ["y"], Self.toFront)
    }
    #expect(
      try scaled.load().graph.lines == [
        "x.channels_last f32[N,6,5,3] = transpose(x) permutation=0,2,3,1",
        "m f32[N,6,5,3] = binary(x.channels_last, s) kind=multiply",
        "y f32[N,3,6,5] = transpose(m) permutation=0,3,1,2",
      ])
    // Of one channel exporters write a reshaping.
    let gray = Self.picture(channels: 1) {
      $0.stored = [("shape", .integers([-1, 1, 6, 5]))]
      $0.add("Reshape", ["x", "shape"], ["y"])
    }
    graph = try gray.load().graph
    graph.removeUnused()
    #expect(graph.inputs.map(\.layout) == [.channelsLast] && graph.lines == ["y f32[N,1,6,5] = identity(x)"])
  }

  @Test func otherInputsLieAsTheyAre() throws {
    // Five channels are no picture; a second reader needs the channels last; the input itself is an answer.
    let five = Self.picture(channels: 5) { $0.add("Transpose", ["x"], ["y"], Self.toFront) }
    let two = Self.picture {
      $0.add("Transpose", ["x"], ["t"], Self.toFront)
      $0.add("Softmax", ["x"], ["s"])
      $0.add("Flatten", ["t"], ["a"])
      $0.add("Flatten", ["s"], ["b"])
      $0.add("Add", ["a", "b"], ["y"])
    }
    let other = Self.picture { $0.add("Transpose", ["x"], ["y"], [("perm", .integers([0, 2, 1, 3]))]) }
    for model in [five, two, other] {
      #expect(try model.load().graph.inputs.map(\.layout) == [.channelsFirst])
    }
    #expect(try five.load(ImportOptions(layout: .channelsLast)).graph.inputs.map(\.layout) == [.channelsLast])
    #expect(TestModel("Relu", x: ["N", 4]).error(ImportOptions(layout: .channelsLast))?.kind == .usage)
  }

  /// `y = x + d`, or a branch that a rate decides.
  @Test func aFixedInputIsAConstant() throws {
    var model = TestModel(x: ["N", 3])
    model.inputs.append(("d", 1, ["N", 3]))
    model.add("Add", ["x", "d"], ["y"])
    let graph = try model.load(ImportOptions(inputValues: ["d": .numbers([0.5])])).graph
    #expect(graph.lines == ["y f32[N,3] = binary(x, d) kind=add"] && graph.inputs.count == 1)
    #expect(graph.numbers("d") == [0.5, 0.5, 0.5])
    let list = try model.load(ImportOptions(inputValues: ["d": .numbers([1, 2, 3])])).graph
    #expect(list.numbers("d") == [1, 2, 3])
    let array = try Tensor([1, 3], [4, 5, 6] as [Float])
    #expect(try model.load(ImportOptions(inputValues: ["d": .array(array)])).graph.numbers("d") == [4, 5, 6])
    #expect(model.error(ImportOptions(inputValues: ["d": .numbers([1, 2])]))?.kind == .usage)
    #expect(model.error(ImportOptions(inputValues: ["d": .array(try Tensor([2], [1, 2] as [Float]))]))?.kind == .usage)
    #expect(model.error(ImportOptions(inputValues: ["q": .numbers([1])]))?.hint == "the inputs are x, d")
  }

  @Test(arguments: [(16000.0, "relu"), (8000, "exponential")]) func aFixedInputDecidesABranch(
    rate: Double, expected: String
  ) throws {
    var model = TestModel(x: ["N", 2])
    model.inputs.append(("sr", 7, []))
    model.stored = [("wide", .integers([16000], dims: []))]
    model.add("Equal", ["sr", "wide"], ["known"])
    model.add(
      "If", ["known"], ["y"],
      [
        ("then_branch", .branch(.inside(["r"]) { $0.add("Relu", ["x"], ["r"]) })),
        ("else_branch", .branch(.inside(["r"]) { $0.add("Exp", ["x"], ["r"]) })),
      ])
    let options = ImportOptions(inputValues: ["sr": .numbers([rate])])
    #expect(try model.text(options) == ["y f32[N,2] = unary(x) kind=\(expected)"])
    #expect(model.error()?.hint?.contains("--input sr=VALUE") == true)
    #expect(model.error(ImportOptions(inputValues: ["sr": .numbers([0.5])]))?.kind == .usage)
  }

  @Test func whatNothingReadsIsLeftOutAndSaid() throws {
    var model = TestModel("Relu", x: ["N", 3])
    // Of no type and shape that could be computed with.
    model.inputs.insert(("keras_learning_phase:0", 9, []), at: 0)
    model.inputs.append(("words", 8, ["N", "L"]))
    let imported = try model.load()
    #expect(imported.graph.lines == ["y f32[N,3] = unary(x) kind=relu"] && imported.graph.inputs.count == 1)
    #expect(
      imported.warnings == [
        "input 'keras_learning_phase:0' is read by nothing and left out",
        "input 'words' is read by nothing and left out",
      ])
  }

  /// Only the shape of the second input is asked for, which is known beforehand.
  @Test func whatChangesNoNumberIsLeftOutAndSaid() throws {
    var model = TestModel(x: ["N", 6])
    model.inputs.append(("like", 1, ["N", 2, 3]))
    model.add("Shape", ["like"], ["shape"])
    model.add("Reshape", ["x", "shape"], ["y"])
    let imported = try model.load()
    #expect(imported.graph.lines == ["y f32[N,2,3] = reshape(x) shape=N,2,3"] && imported.graph.inputs.count == 1)
    #expect(imported.warnings == ["input 'like' changes no number of the answer and is left out"])
  }

  @Test func aModelThatDoesNotConvertIsDescribed() throws {
    var model = TestModel(x: ["N", 3, "H", "W"])
    model.inputs.append(("ids", 7, ["N"]))
    model.add("NonMaxSuppression", ["x", "ids"], ["a"])
    model.add("Relu", ["a"], ["y"])
    let path = NSTemporaryDirectory() + "/pex-describe-\(UUID().uuidString).onnx"
    try Data(model.bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let found = try ONNXImporter.describe(path: path)
    #expect(found.opset == 17 && found.producer == "tests 1.0")
    #expect(found.inputs.map(\.type) == ["f32", "int64"] && found.outputs.map(\.name) == ["y"])
    #expect(found.inputs[0].extents == [.open("N"), .fixed(3), .open("H"), .open("W")])
    #expect(found.operatorCounts.map(\.op) == ["NonMaxSuppression", "Relu"])
    #expect(found.unsupported.entries.map(\.op) == ["NonMaxSuppression"])
    #expect(found.obstacles.count == 2)
  }
}
