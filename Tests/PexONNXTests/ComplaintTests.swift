import Foundation
import PexGraph
import PexONNX
import PexTensor
import Testing

/// What users of importers complain about most, of files and their structure: each is told by the name of its test.
@Suite struct ComplaintTests {
  @Test func dynamicBatchStaysSymbolicAndTwoSymbolsMayMeanOneSize() throws {
    var model = TestModel(x: ["batch", 2])
    model.inputs.append(("z", 1, ["batch_size", 2]))
    model.add("Add", ["x", "z"], ["y"])
    let imported = try model.load()
    #expect(imported.graph.lines == ["y f32[N,2] = binary(x, z) kind=add"])
    #expect(imported.warnings.isEmpty)
  }

  @Test func shapeGatherConcatReshapeChainsLeaveNothingBehind() throws {
    var model = TestModel()
    model.stored = [("zero", .integers([0], dims: [])), ("rest", .integers([-1])), ("axes", .integers([0]))]
    model.add("Shape", ["x"], ["shape"])
    model.add("Gather", ["shape", "zero"], ["batch"])
    model.add("Unsqueeze", ["batch", "axes"], ["list"])
    model.add("Concat", ["list", "rest"], ["target"], [("axis", .integer(0))])
    model.add("Reshape", ["x", "target"], ["y"])
    #expect(try model.text() == ["y f32[N,192] = reshape(x) shape=N,192"])
  }

  @Test func staleValueInfoIsIgnored() throws {
    var model = TestModel(x: ["N", 2])
    model.add("Relu", ["x"], ["t"])
    model.add("Exp", ["t"], ["y"])
    let sound = try model.text()
    model.graphExtra = { graph in
      graph.message(13) {
        $0.string(1, "t")
        $0.message(2) { type in
          type.message(1) {
            $0.integer(1, 7)
            $0.message(2) { $0.message(1) { $0.integer(1, 99) } }
          }
        }
      }
    }
    #expect(try model.text() == sound)
  }

  @Test func failuresAreReportedTogetherWithNodeNames() {
    var model = TestModel()
    model.add("NonMaxSuppression", ["x"], ["a"], name: "boxes")
    model.add("GridSample", ["a"], ["b"], name: "memory")
    model.add("GridSample", ["b"], ["y"], name: "more")
    let message = model.error()?.message ?? ""
    for words in ["NonMaxSuppression x 1 (boxes)", "GridSample x 2 (memory, more)", "opset 17"] {
      #expect(message.contains(words))
    }
    // An error inside a node names it too.
    var inside = TestModel("Concat", [("axis", .integer(9))])
    inside.nodes[0].name = "join"
    #expect(inside.error()?.message.contains("node 'join' (Concat)") == true)
  }

  @Test(arguments: [3, 4, 8, 13]) func initializersMayBeAmongTheInputsOrNot(irVersion: Int) throws {
    var model = TestModel("Add", x: ["N", 2], [], [("w", .floats([2], [1, 2]))])
    model.irVersion = irVersion
    #expect(try model.load().graph.inputs.count == 1)
    model.inputs.insert(("w", 1, [2]), at: 0)
    let graph = try model.load().graph
    #expect(graph.inputs.map { graph[$0.value].name } == ["x"])
    #expect(graph.numbers("w") == [1, 2])
  }

  @Test func numbersMayBeRawOrTypedAndHalvesInInt32Data() throws {
    let forms: [TestModel.Stored] = [
      .floats([2], [1.5, -2]), .init(dims: [2], fill: { $0.bytes(4, [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]) }),
      .init(type: 10, dims: [2], fill: { $0.bytes(5, [0x80, 0x7c, 0x80, 0x80, 0x03]) }),
    ]
    for form in forms {
      let model = TestModel("Add", x: ["N", 2], [], [("w", form)])
      #expect(try model.load().graph.numbers("w") == [1.5, -2])
    }
  }

  @Test func weightsMayBeHalfBrainOrDouble() throws {
    let double = [1.5, -2].flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    for (type, raw) in [(10, [0x00, 0x3e, 0x00, 0xc0]), (16, [0xc0, 0x3f, 0x00, 0xc0]), (11, double)] {
      let model = TestModel("Add", x: ["N", 2], [], [("w", .init(type: type, dims: [2], raw: raw))])
      let graph = try model.load().graph
      #expect(graph.numbers("w") == [1.5, -2])
      #expect(graph.value(named: "w").map { graph[$0].type.dtype } == .float32)
    }
  }

  @Test(arguments: [
    ("missing.bin", "cannot be opened"), ("short.bin", "too short"), ("../outside.bin", "below the model's folder"),
    ("link.bin", "symbolic link"),
  ])
  func externalDataThatCannotBeUsedIsNamed(location: String, words: String) throws {
    let folder = NSTemporaryDirectory() + "/pex-complaint-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: "\(folder)/model", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data([0, 0, 0]).write(to: URL(fileURLWithPath: "\(folder)/model/short.bin"))
    try Data(count: 8).write(to: URL(fileURLWithPath: "\(folder)/outside.bin"))
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder)/model/link.bin", withDestinationPath: "../outside.bin")
    let stored = TestModel.Stored(
      dims: [2],
      fill: { tensor in
        tensor.message(13) {
          $0.string(1, "location")
          $0.string(2, location)
        }
        tensor.integer(14, 1)
      })
    let path = "\(folder)/model/model.onnx"
    try Data(TestModel("Add", x: ["N", 2], [], [("w", stored)]).bytes).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: PexError.self) { try ONNXImporter.load(path: path) }
    #expect(error?.message.contains("tensor 'w': external file '\(location)'") == true)
    #expect(error?.message.contains(words) == true)
  }

  @Test func nodesMayBeUnsortedAndNamesEmptyDoubleOrOdd() throws {
    var model = TestModel(x: ["N", 2])
    model.add("Relu", ["a/b:0"], ["y"], name: "same")
    model.add("Tanh", ["é \u{1F600}\n"], ["a/b:0"], name: "same")
    model.add("Exp", ["x"], ["é \u{1F600}\n"], name: "")
    let graph = try model.load().graph
    #expect(graph.nodes.map(\.name) == ["Exp_2", "same", "same"])
    #expect(graph.lines.last == "y f32[N,2] = unary(a/b:0) kind=relu")
    var twice = model
    twice.add("Exp", ["x"], ["y"], name: "again")
    #expect(twice.error()?.message == "test: node 'again' (Exp): there is another value named 'y'")
  }

  @Test func fusedOperatorsOfOnnxruntimeGetTheHintThatHelps() {
    var model = TestModel()
    model.add("FusedConv", ["x"], ["a"], domain: "com.microsoft")
    model.add("ReorderOutput", ["a"], ["y"], domain: "com.microsoft.nchwc")
    let error = model.error()
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("com.microsoft.FusedConv x 1 (FusedConv_0)") == true)
    #expect(error?.hint?.hasPrefix("export the model again without optimisation") == true)
  }

  @Test(arguments: [
    ("ai.onnx.ml", "TreeEnsembleClassifier", "without the pre- or postprocessing"),
    ("org.pytorch.aten", "ATen", "without ATen fallback"), ("acme", "Warp", "operators of 'acme' are not part of ONNX"),
  ])
  func otherDomainsGetAHintToo(domain: String, op: String, words: String) {
    var model = TestModel()
    model.add(op, ["x"], ["y"], domain: domain)
    #expect(model.error()?.message.contains("\(domain).\(op) x 1") == true)
    #expect(model.error()?.hint?.contains(words) == true)
  }

  /// What decodes boxes behind a network keeps nobody from the network: the hint names where it ends, and following it works.
  @Test func anOperatorBehindTheNetworkIsCutOff() throws {
    var model = TestModel()
    model.stored = [("w", .weights([4, 3, 3, 3])), ("v", .weights([4, 4, 3, 3])), ("k", .integers([2]))]
    model.add("Conv", ["x", "w"], ["c1"])
    model.add("Conv", ["c1", "v"], ["c2"])
    model.add("Shape", ["c2"], ["s"])
    model.add("TopK", ["c2", "k"], ["best", "places"])
    model.add("TopK", ["s", "k"], ["extents", ""])
    model.add("GridSample", ["c1", "places"], ["warped"])
    model.add("Concat", ["best", "warped"], ["y"], [("axis", .integer(1))])
    #expect(model.error()?.hint == "--output 'c2' ends the network in front of them")
    let cut = try model.load(ImportOptions(outputName: "c2"))
    #expect(cut.warnings.contains("the network ends at 'c2': what is behind it is left out"))
    #expect(cut.graph.outputs.map { cut.graph[$0].name } == ["c2"])
    #expect(model.error(ImportOptions(outputName: "c3"))?.kind == .unsupported)
    // An output by its name is that alone.
    #expect(try TestModel("Relu").load(ImportOptions(outputName: "y")).warnings.isEmpty)
  }

  /// Of two towers one converts by itself when it is asked for.
  @Test func anOutputThatIsAskedForNeedsNothingOfTheOthers() throws {
    var model = TestModel()
    model.stored = [("w", .weights([4, 3, 3, 3])), ("k", .integers([2]))]
    model.outputs = ["a", "b"]
    model.add("Conv", ["x", "w"], ["a"])
    model.add("TopK", ["x", "k"], ["b", ""])
    #expect(model.error()?.kind == .unsupported)
    let one = try model.load(ImportOptions(outputName: "a"))
    #expect(one.graph.outputs.map { one.graph[$0].name } == ["a"])
    #expect(one.warnings.first?.contains("outputs other than 'a' are left out") == true)
    #expect(model.error(ImportOptions(outputName: "b"))?.kind == .unsupported)
  }

  /// What an operator in front of the network gives can be an input of what is behind it.
  @Test func anOperatorInFrontOfTheNetworkIsCutOff() throws {
    var model = TestModel(x: ["N", 1, 8, 8])
    model.stored = [("w", .weights([4, 1, 3, 3]))]
    model.add("DFT", ["x"], ["t"])
    model.add("Conv", ["t", "w"], ["y"])
    #expect(model.error()?.hint?.contains("['t'], ['y']") == true)
  }
}
