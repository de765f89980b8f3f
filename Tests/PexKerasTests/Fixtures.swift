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
  static func models(in folder: String, suffix: String, start: String = "") -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(Fixtures.folder)\(folder)")) ?? []
    return names.filter { $0.hasSuffix(suffix) && $0.hasPrefix(start) }
      .map { "\(folder)/\($0.dropLast(suffix.count))" }.sorted()
  }

  /// The models of one complaint, of both versions.
  static func complaint(_ number: Int) -> [String] {
    ["keras3", "keras2"].flatMap { models(in: $0, suffix: ".h5", start: "complaint\(number)_") }
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

  /// The names of a model's inputs and outputs in Keras.
  static func names(of model: String) throws -> (inputs: [String], outputs: [String]) {
    struct Names: Decodable { var inputs, outputs: [String] }
    let parts = model.split(separator: "/").map(String.init)
    let data = try #require(FileManager.default.contents(atPath: "\(folder)\(parts[0])/fixtures.json"))
    let listed = try JSONDecoder().decode([String: Names].self, from: data)
    let names = try #require(listed[parts[1]])
    return (names.inputs, names.outputs)
  }

  /// The graph of a model.
  static func graph(_ model: String, suffix: String = ".h5") throws -> Graph {
    var options = ImportOptions()
    // A model for pictures of any size.
    if model.hasSuffix("open_size") { options.inputShapes = ["image:0": [1, 7, 8, 3]] }
    return try KerasImporter.load(path: "\(folder)\(model)\(suffix)", options: options).graph
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
    try #require(found.count == expected.count && !expected.isEmpty)
    return try zip(found, expected).map { found, expected in
      try #require(found.shape == expected.shape)
      let largest = expected.floats.reduce(0) { max($0, abs($1)) }
      let difference = zip(found.floats, expected.floats).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      return difference / max(largest, .leastNormalMagnitude)
    }.max() ?? .infinity
  }
}
