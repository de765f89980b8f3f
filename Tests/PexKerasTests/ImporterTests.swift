import PexGraph
import PexKeras
import PexTensor
import Testing

@Suite struct ImporterTests {
  @Test(arguments: ["keras3", "keras2", "keras1"].flatMap { Fixtures.models(in: $0, suffix: ".h5") })
  func modelsComputeWhatKerasComputes(model: String) throws {
    let graph = try Fixtures.graph(model)
    let difference = try Fixtures.difference(graph, model: model)
    #expect(difference < 1e-4)
    let names = try Fixtures.names(of: model)
    #expect(graph.inputs.map { graph[$0.value].name } == names.inputs)
    #expect(graph.outputs.map { graph[$0].name } == names.outputs)
  }

  @Test(arguments: ["keras3-archive", "keras2-archive"].flatMap { Fixtures.models(in: $0, suffix: ".keras") })
  func archivesHoldTheSame(model: String) throws {
    let graph = try Fixtures.graph(model, suffix: ".keras")
    let difference = try Fixtures.difference(graph, model: model.replacing("-archive", with: ""))
    #expect(difference < 1e-4)
  }

  /// Archives of Keras 2.12 and 2.13, which number layers otherwise, and of Keras 2 on Windows, whose groups have backslashes
  /// in their names.
  @Test(arguments: Fixtures.models(in: "places", suffix: ".keras"))
  func weightsLieElsewhere(model: String) throws {
    #expect(try Fixtures.difference(Fixtures.graph(model, suffix: ".keras"), model: model) < 1e-4)
  }

  @Test func modelsOfOnesOwnAreCalledSo() throws {
    let error = #expect(throws: PexError.self) {
      try KerasImporter.load(path: "\(Fixtures.folder)bad/archive_subclassed.keras")
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("model class 'MyNet'") == true)
  }

  /// What Keras 3 follows in model(x) and not in predict() is said.
  @Test func trainingInCallsIsSaid() throws {
    let model = try KerasImporter.load(path: "\(Fixtures.folder)keras3/called_in_training.h5")
    #expect(model.warnings.count == 3)
    for name in ["norm", "drop", "inner"] {
      #expect(model.warnings.contains { $0.hasPrefix("layer '\(name)' is called with training=True") })
    }
    let usual = try KerasImporter.load(path: "\(Fixtures.folder)keras3/augmentation.h5")
    #expect(usual.warnings == [])
  }

  /// What nothing reads is named, whatever it is.
  @Test(arguments: [
    ("argument_unknown", "layer 'conv' (Conv2D): argument 'whitening' = 'zca'"),
    ("argument_dtype", "argument 'dtype' = int32"),
    ("argument_training", "argument 'training' = true"),
    ("argument_constant", "argument 'inputs' = 1.5 among the tensors"),
    ("recurrent_stateful", "layer 'memory' (LSTM): argument 'stateful' = true"),
    ("recurrent_activation", "argument 'activation' = 'softmax'"), ("bidirectional_dense", "argument 'layer' = Dense"),
  ])
  func argumentsThatAreNotReadAreNamed(name: String, words: String) throws {
    let error = #expect(throws: PexError.self) {
      try KerasImporter.load(path: "\(Fixtures.folder)bad/\(name).h5")
    }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    #expect(error?.hint != nil)
  }

  /// Fixtures are found by listing folders: an empty list would pass.
  @Test func fixturesAreThere() {
    #expect(Fixtures.models(in: "keras3", suffix: ".h5").count >= 100)
    #expect(Fixtures.models(in: "keras2", suffix: ".h5").count >= 90)
    #expect(Fixtures.models(in: "keras3-archive", suffix: ".keras").count >= 15)
    #expect(Fixtures.models(in: "keras1", suffix: ".h5").count >= 4)
    #expect(Fixtures.models(in: "places", suffix: ".keras").count == 8)
    for complaint in 25...30 { #expect(Fixtures.complaint(complaint).count >= 2, "complaint \(complaint)") }
  }

  @Test(arguments: ["keras2.h5", "keras3.h5", "keras2.weights.h5", "keras3.weights.h5"], ["keras2", "keras3"])
  func weightsAloneWithAnArchitecture(weights: String, architecture: String) throws {
    let folder = "\(Fixtures.folder)weights-only/"
    let model = try KerasImporter.load(
      path: folder + weights, architecture: "\(folder)architecture.\(architecture).json")
    #expect(try Fixtures.difference(model.graph, model: "weights-only/weights") < 1e-4)
  }

  @Test func weightsAloneSayWhatIsMissing() throws {
    let error = #expect(throws: PexError.self) {
      try KerasImporter.load(path: "\(Fixtures.folder)weights-only/keras3.h5")
    }
    #expect(error?.kind == .malformed)
    #expect(error?.hint?.contains("--architecture") == true)
  }

  @Test func openExtentsAreAskedFor() throws {
    let path = "\(Fixtures.folder)keras3/open_size.h5"
    let error = #expect(throws: PexError.self) { try KerasImporter.load(path: path) }
    #expect(error?.kind == .usage)
    #expect(error?.hint?.contains("--input image:1x") == true)
    for shape in [[1, 7, 8, 4], [7, 8], [1, 1, 7, 8, 3]] {
      let error = #expect(throws: PexError.self) {
        try KerasImporter.load(path: path, options: ImportOptions(inputShapes: ["image": shape]))
      }
      #expect(error?.kind == .usage)
    }
    let other = #expect(throws: PexError.self) {
      try KerasImporter.load(path: path, options: ImportOptions(inputShapes: ["picture": [1, 7, 8, 3]]))
    }
    #expect(other?.hint == "the inputs are image")
    let description = try KerasImporter.describe(path: path)
    #expect(description.inputs.map(\.name) == ["image"] && description.obstacles.isEmpty)
    #expect(description.inputs[0].extents == [.open(""), .open(""), .open(""), .fixed(3)])
  }

  @Test func everyUnknownLayerIsNamed() throws {
    let path = "\(Fixtures.folder)bad/unknown_layers.h5"
    let description = try KerasImporter.describe(path: path)
    let report = description.unsupported
    #expect(description.producer.hasPrefix("Keras ") && description.inputs.count == 1)
    #expect(description.operatorCounts.contains { $0.op == "ConvLSTM1D" && $0.count == 2 })
    #expect(description.obstacles.count == 1)
    #expect(report.entries.map(\.op) == ["ConvLSTM1D", "Embedding", "MultiHeadAttention"])
    #expect(report.entries.map(\.nodes.count) == [2, 1, 1])
    let error = #expect(throws: PexError.self) { try KerasImporter.load(path: path) }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("ConvLSTM1D x 2 (lstm_a, lstm_b)") == true)
  }

  @Test func theLossSaysWhatOutputsAre() throws {
    func kind(_ name: String) throws -> OutputKind? { try Fixtures.graph("keras3/\(name)").classifier?.kind }
    #expect(try kind("compiled_logits") == .logits)
    #expect(try kind("compiled_probabilities") == .probabilities)
    #expect(try kind("compiled_sigmoid") == OutputKind.none)
  }

  @Test func inputsKeepTheirLayout() throws {
    let last = try Fixtures.graph("keras3/conv2d")
    #expect(last.inputs.map(\.layout) == [.channelsLast])
    let first = try Fixtures.graph("keras3/channels_first_network")
    #expect(first.inputs.map(\.layout) == [.channelsFirst])
  }
}
