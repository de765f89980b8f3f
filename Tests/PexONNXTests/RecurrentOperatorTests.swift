import PexGraph
import PexTensor
import Testing

@Suite struct RecurrentOperatorTests {
  @Test func layersComputeWhatOnnxruntimeComputes() throws {
    let errors = try RuntimeNumbers("recurrent").errors()
    #expect(errors.count == 152)
    for (name, error) in errors { #expect(error < 2e-6, "\(name)") }
  }

  /// One direction, weights that fit each other, inputs in their order: X [2,1,3], 4 units.
  static func layer(
    _ op: String = "LSTM", x: [TestModel.Extent] = [2, 1, 3], _ attributes: [(String, TestModel.Attribute)] = [],
    _ changes: [Int: TestModel.Stored] = [:], outputs: [String] = ["y"]
  ) -> TestModel {
    let gates = ["LSTM": 4, "GRU": 3, "RNN": 1][op] ?? 1
    var stored: [Int: TestModel.Stored] = [
      1: .weights([1, gates * 4, 3]), 2: .weights([1, gates * 4, 4]), 3: .weights([1, 2 * gates * 4]),
    ]
    stored.merge(changes) { $1 }
    var model = TestModel(x: x)
    let last = stored.keys.max() ?? 0
    for index in 1...last { if let tensor = stored[index] { model.stored.append(("w\(index)", tensor)) } }
    let names = (1...last).map { stored[$0] == nil ? "" : "w\($0)" }
    model.add(op, ["x"] + names, outputs, attributes, name: "memory")
    model.outputs = outputs.filter { !$0.isEmpty }
    return model
  }

  @Test func outputsThatNobodyReadsAreNotMade() throws {
    let graph = try Self.layer(outputs: ["", "y"]).load().graph
    #expect(
      graph.nodes.map(\.operation) == [
        .transpose(Transpose([1, 0, 2])), .recurrent(Recurrent(.lstm)), .reshape(Reshape([1, 1, 4])),
        // One row of numbers answers: its logits are a row.
        .reshape(Reshape([1, 4])),
      ])
    #expect(graph.nodes.dropLast().last.map { graph[$0.inputs[0]].name } == "y.forward.last")
  }

  /// Batch in front: the batch stays symbolic, and states have a row for each sample.
  @Test func layoutOneKeepsTheBatch() throws {
    let graph = try Self.layer("GRU", x: ["N", 2, 3], [("layout", .integer(1))], outputs: ["y", "last"]).load().graph
    #expect(graph.outputs.map { graph[$0].type.dimensions } == [[.batch, 2, 1, 4], [.batch, 1, 4]])
  }

  @Test func zerosToStartWithAreLeftOut() throws {
    let zeros = TestModel.Stored.floats([1, 1, 4], [0, 0, 0, 0])
    let lines = try Self.layer("LSTM", [], [5: zeros, 6: zeros]).text()
    #expect(lines.contains { $0.contains("state=0 cell_state=0") })
  }

  @Test(arguments: [
    (1, TestModel.Stored.weights([1, 16, 2]), "input 1 (W): expected [1,16,3], found [1,16,2]"),
    (1, .weights([16, 3]), "input 1 (W): expected [1,16,3], found [16,3]"),
    (1, .weights([2, 16, 3]), "input 1 (W): expected [1,16,3], found [2,16,3]"),
    (2, .weights([1, 12, 4]), "input 2 (R): expected [1,16,4], found [1,12,4]"),
    (2, .weights([1, 20, 5]), "input 1 (W): expected [1,20,3], found [1,16,3]"),
    (2, .weights([]), "input 2 (R): expected"),
    (3, .weights([1, 16]), "input 3 (B): expected [1,32], found [1,16]"),
    (4, .integers([2, 2]), "input 4 (sequence_lens): expected [1], found [2]"),
    (4, .integers([3]), "input 4 (sequence_lens): expected numbers of steps from 0 to 2"),
    (4, .integers([-1]), "input 4 (sequence_lens): expected numbers of steps from 0 to 2"),
    (5, .weights([1, 2, 4]), "input 5 (initial_h): expected [1,1,4], found [1,2,4]"),
    (5, .weights([1, 4]), "input 5 (initial_h): expected [1,1,4], found [1,4]"),
    (6, .weights([1, 1, 3]), "input 6 (initial_c): expected [1,1,4], found [1,1,3]"),
    (7, .weights([1, 16]), "input 7 (P): expected [1,12], found [1,16]"),
  ])
  func wrongShapesNameTheNode(index: Int, tensor: TestModel.Stored, message: String) throws {
    let error = Self.layer("LSTM", [], [index: tensor]).error()
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("node 'memory' (LSTM): \(message)") == true, "\(error?.message ?? "")")
  }

  @Test(arguments: [
    (("direction", TestModel.Attribute.string("sideways")), "attribute 'direction'"),
    (("hidden_size", .integer(5)), "input 2 (R): expected 5 as its last extent"),
    (("clip", .float(-1)), "attribute 'clip'"),
    (("activations", .strings(["Sigmoid"])), "attribute 'activations': expected 3 names, found 1"),
    (("activations", .strings(["Sigmoid", "Tanh", "Affine"])), "attributes 'activation_alpha' and 'activation_beta'"),
    (("activations", .strings(["Sigmoid", "Tanh", "Sinus"])), "attribute 'activations': the function 'Sinus'"),
  ])
  func wrongSettingsNameTheNode(attribute: (String, TestModel.Attribute), message: String) throws {
    let error = Self.layer("LSTM", [attribute]).error()
    #expect(error?.message.contains("node 'memory' (LSTM): \(message)") == true, "\(error?.message ?? "")")
  }

  @Test func anInputOfAnotherRankIsRefused() throws {
    let error = Self.layer(x: ["N", 3]).error()
    #expect(error?.message.contains("node 'memory' (LSTM): input 0 (X): expected [steps,batch,size]") == true)
  }
}
