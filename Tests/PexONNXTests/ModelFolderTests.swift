import Foundation
import PexGraph
import PexONNX
import PexTensor
import Testing

/// Imports every model of the folder that `PEX_ONNX_MODELS` names (`Tests/Interop/make_torchvision.py` writes one) and
/// prints what it found, how long it took and the memory it took at most.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["PEX_ONNX_MODELS"] != nil))
struct ModelFolderTests {
  static let paths: [String] = {
    let folder = ProcessInfo.processInfo.environment["PEX_ONNX_MODELS"] ?? ""
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".onnx") }.sorted().map { "\(folder)/\($0)" }
  }()

  @Test(arguments: paths) func imports(path: String) throws {
    let clock = ContinuousClock()
    let start = clock.now
    let model = try ONNXImporter.load(path: path)
    let seconds = clock.now - start
    let counts = model.operatorCounts.map { "\($0.op) \($0.count)" }.joined(separator: ", ")
    let outputs = model.graph.outputs.map { "\(model.graph[$0].name) \(model.graph[$0].type)" }.joined(separator: ", ")
    let cost = model.graph.cost()
    print(
      "\(path.split(separator: "/").last ?? ""): \(seconds), peak \(peakMegabytes()) MB; opset \(model.opset ?? 0); \(outputs);",
      "\(cost.multiplyAccumulates / 1_000_000) M MACs, \(cost.parameters) parameters; \(counts); \(model.warnings)")
    #expect(model.warnings.isEmpty)
    #expect(model.graph.inputs.allSatisfy { model.graph[$0.value].type.hasBatch })
    #expect(model.graph.classifier?.kind == .logits)
    #expect(model.graph.outputs.map { model.graph[$0].type } == [ValueType(.float32, [.batch, 1000])])
  }

  private func peakMegabytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
    return (line?.split(whereSeparator: { !$0.isNumber }).first).flatMap { Int($0) }.map { $0 / 1024 } ?? 0
  }
}
