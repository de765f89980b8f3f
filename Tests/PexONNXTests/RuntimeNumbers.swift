import Foundation
import PexData
import PexGraph
import PexONNX
import PexReference
import PexTensor
import PexTestSupport

/// Models that a script in `Fixtures` wrote, and what onnxruntime computes with them.
struct RuntimeNumbers {
  let model: ImportedModel
  /// Every array that the script stored: those of the graph's inputs and outputs by their names.
  let arrays: [String: Tensor]

  /// The network `NAME.onnx` with the numbers of `NAME.npz`.
  init(_ name: String) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/").path()
    model = try ONNXImporter.load(path: "\(folder)\(name).onnx")
    arrays = try Npz.read(path: "\(folder)\(name).npz")
  }

  /// For every output, how far the interpreter is from onnxruntime: max|a-b| / max|b|.
  func errors() throws -> [(name: String, error: Float)] {
    let graph = model.graph
    let inputs = try graph.inputs.map { try array(graph[$0.value].name) }
    let results = try Reference.run(graph, inputs: inputs)
    return try zip(graph.outputs, results).map { id, found in
      let expected = try array(graph[id].name)
      return (graph[id].name, relativeError(found, try expected.asFloat32()))
    }
  }

  private func array(_ name: String) throws -> Tensor {
    guard let array = arrays[name] else { throw PexError(.defect, "there are no numbers for '\(name)'") }
    return array
  }
}
