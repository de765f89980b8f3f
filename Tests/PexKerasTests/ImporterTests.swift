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

  /// Fixtures are found by listing folders: an empty list would pass.
  @Test func fixturesAreThere() {
    #expect(Fixtures.models(in: "keras3", suffix: ".h5").count >= 100)
    #expect(Fixtures.models(in: "keras2", suffix: ".h5").count >= 90)
    #expect(Fixtures.models(in: "keras3-archive", suffix: ".keras").count >= 15)
    #expect(Fixtures.models(in: "keras1", suffix: ".h5").count >= 4)
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
  }

  @Test func everyUnknownLayerIsNamed() throws {
    let path = "\(Fixtures.folder)bad/unknown_layers.h5"
    let report = try KerasImporter.unsupportedLayers(path: path)
    #expect(report.entries.map(\.op) == ["Embedding", "LSTM", "MultiHeadAttention"])
    #expect(report.entries.map(\.nodes.count) == [1, 2, 1])
    let error = #expect(throws: PexError.self) { try KerasImporter.load(path: path) }
    #expect(error?.kind == .unsupported)
    #expect(error?.message.contains("LSTM x 2 (lstm_a, lstm_b)") == true)
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
