import Foundation
import PexBundle
import PexRuntime
import PexTensor
import Testing

/// Promise 5 where it counts: whatever byte of a bundle is wrong, a run says so or computes from bytes that are right.
@Suite struct DamagedBundleTests {
  static func fixture() throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return Array(try Data(contentsOf: folder.appendingPathComponent("PexBundleTests/Fixtures/tiny.pex")))
  }

  /// Everything that a run of all exits gives.
  static func run(_ bytes: [UInt8]) throws -> [[Float]] {
    let session = try Session(try Model(try BundleFile(bytes: bytes)), threads: 1)
    let answer = try session.run(try session.model.syntheticSample(), .all)
    return answer.computed.map(\.logits) + answer.outputs.map(\.tensor.floats)
  }

  @Test func noFlippedByteIsComputedWith() throws {
    let bytes = try Self.fixture()
    #expect(bytes.count <= 8192)
    let expected = try Self.run(bytes)
    #expect(expected.count >= 2)
    var reported = 0
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= UInt8(1 << (index % 8))
      do {
        let found = try Self.run(damaged)
        #expect(found == expected, "byte \(index)")
      } catch let error as PexError {
        #expect([.malformed, .unsupported].contains(error.kind), "byte \(index): \(error)")
        reported += 1
      }
    }
    #expect(reported > bytes.count / 2)
  }

  @Test func noTruncatedBundleIsComputedWith() throws {
    let bytes = try Self.fixture()
    for count in 0..<bytes.count {
      #expect(throws: PexError.self) { try Self.run(Array(bytes.prefix(count))) }
    }
  }
}
