import Foundation
import PexONNX
import PexTensor
import Testing

/// Files that are hard on a reader: attacks made by hand, and whatever the fuzzer finds. A crash would end the test run.
@Suite struct FuzzReplayTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fuzz")

  @Test func filesThatAreHardOnAReaderAreReadOrRefused() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".onnx") }
    #expect(!names.isEmpty)
    for name in names.sorted() {
      let bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(name)))
      do { _ = try ONNXImporter.load(bytes: bytes, name: name) } catch let error as PexError {
        #expect(error.kind != .defect, "\(name): \(error)")
      }
    }
  }
}
