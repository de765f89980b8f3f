import Foundation
import PexONNX
import PexReference
import PexTensor
import Testing

/// Writes the cases of the exporter as files.
@Suite struct ExportCaseFiles {
  /// Where to; nil unless somebody wants them.
  private static let folder = ProcessInfo.processInfo.environment["PEX_EXPORT_CASES"]

  /// Every case as a model with an input and what comes out of it, for other runtimes.
  @Test(.enabled(if: Self.folder != nil, "PEX_EXPORT_CASES names a folder"))
  func casesForOtherRuntimes() throws {
    let folder = try #require(Self.folder)
    for (index, example) in (ExportCases.direct + ExportCases.derived).enumerated() {
      let place = "\(folder)/\(index)-\(example.operation.mnemonic)"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      let graph = try example.graph()
      let inputs = try example.inputs(graph, batch: 2)
      let outputs = try Reference.run(graph, inputs: inputs)
      for (name, bytes) in [
        ("model.onnx", try ONNXExporter.export(graph, producer: ("tests", "1.0")).bytes()),
        ("input.npy", Npy.encode(inputs[0])),
        ("output.npy", Npy.encode(outputs[0])),
      ] { try Data(bytes).write(to: URL(fileURLWithPath: "\(place)/\(name)")) }
      try "\(example)\n".write(toFile: place + "/case.txt", atomically: true, encoding: .utf8)
    }
  }
}
