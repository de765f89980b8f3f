import PexONNX
import PexPasses
import PexTensor

/// Reads `count` bytes as an ONNX model and makes what it becomes canonical. Errors are what is expected of most bytes;
/// a crash, a hang, memory beyond the fuzzer's limit or an error that says pex is wrong is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func readONNX(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do {
    var graph = try ONNXImporter.load(bytes: bytes, name: "fuzz").graph
    try Pipeline.canonical(verify: true).run(on: &graph)
  } catch let error as PexError {
    precondition(error.kind != .defect, error.description)
  } catch {
    preconditionFailure("\(error)")
  }
  return 0
}
