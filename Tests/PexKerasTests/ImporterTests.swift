import Foundation
import PexGraph
import PexKeras
import PexReference
import PexTensor
import Testing

/// The files that real Keras wrote, and what Keras makes of them.
enum Fixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/").path()

  /// Models of a folder by name, with their file's suffix.
  static func models(in folder: String, suffix: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(Fixtures.folder)\(folder)")) ?? []
    return names.filter { $0.hasSuffix(suffix) }.map { "\(folder)/\($0.dropLast(suffix.count))" }.sorted()
  }

  /// Arrays `NAME.in0.npy`, `NAME.in1.npy` …
  static func arrays(_ model: String, _ word: String) throws -> [Tensor] {
    var arrays: [Tensor] = []
    while true {
      let path = "\(folder)\(model).\(word)\(arrays.count).npy"
      guard FileManager.default.fileExists(atPath: path) else { return arrays }
      arrays.append(try Npy.read(path: path))
    }
  }

  /// The greatest max|a-b| / max|b| of a model's outputs, computed by the reference interpreter.
  static func difference(_ graph: Graph, model: String) throws -> Float {
    let inputs = try zip(graph.inputs, arrays(model, "in")).map { input, tensor in
      let rank = tensor.shape.rank
      let isLast = input.layout == .channelsLast && rank >= 3
      return try isLast ? tensor.permuted([0, rank - 1] + Array(1..<rank - 1)) : tensor
    }
    let expected = try arrays(model, "out")
    let found = try Reference.run(graph, inputs: inputs)
    guard found.count == expected.count, !expected.isEmpty else { return .infinity }
    return try zip(found, expected).map { found, expected in
      guard found.shape == expected.shape else {
        Issue.record("\(model): expected \(expected.shape), found \(found.shape)")
        return .infinity
      }
      let largest = expected.floats.reduce(0) { max($0, abs($1)) }
      let difference = zip(found.floats, expected.floats).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      return difference / max(largest, .leastNormalMagnitude)
    }.max() ?? .infinity
  }
}

@Suite struct ImporterTests {
  @Test(
    arguments: Fixtures.models(in: "keras3", suffix: ".h5") + Fixtures.models(in: "keras2", suffix: ".h5")
      + Fixtures.models(in: "keras1", suffix: ".h5"))
  func modelsComputeWhatKerasComputes(model: String) throws {
    var options = ImportOptions()
    // A model for pictures of any size.
    if model.hasSuffix("open_size") { options.inputShapes = ["image:0": [1, 7, 8, 3]] }
    let imported = try KerasImporter.load(path: "\(Fixtures.folder)\(model).h5", options: options)
    let difference = try Fixtures.difference(imported.graph, model: model)
    #expect(difference < 1e-4)
  }

  @Test(
    arguments: Fixtures.models(in: "keras3-archive", suffix: ".keras")
      + Fixtures.models(in: "keras2-archive", suffix: ".keras"))
  func archivesHoldTheSame(model: String) throws {
    let imported = try KerasImporter.load(path: "\(Fixtures.folder)\(model).keras")
    let arrays = model.replacingOccurrences(of: "-archive", with: "")
    let difference = try Fixtures.difference(imported.graph, model: arrays)
    #expect(difference < 1e-4)
  }
}
