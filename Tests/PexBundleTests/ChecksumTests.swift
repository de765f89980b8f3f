import CPexChecksum
import PexBundle
import PexTensor
import Testing

@Suite struct ChecksumTests {
  @Test func publishedValues() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    // RFC 3720, appendix B.4.
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(CRC32C.checksum([UInt8]()) == 0)
  }

  @Test func hardwareAndTablesAgreeAtEveryLengthAndAlignment() {
    var random = SplitMix64(seed: 1)
    let bytes = (0..<20_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    bytes.withUnsafeBytes { bytes in
      let counts = Array(0..<80) + [2047, 2048, 6143, 6144, 6145, 6151, 12_288, 18_433, 19_990]
      for count in counts {
        for start in 0..<9 {
          let part = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
          let portable = pex_crc32c_portable(17, part.baseAddress, part.count)
          #expect(CRC32C.checksum(part, after: 17) == portable)
        }
      }
    }
  }

  @Test func piecesGiveTheSameAsTheWhole() {
    let bytes = (0..<9000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    let whole = CRC32C.checksum(bytes)
    bytes.withUnsafeBytes { bytes in
      for cut in [0, 1, 7, 100, 6144, 8999, 9000] {
        let first = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<cut]))
        #expect(CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[cut...]), after: first) == whole)
      }
    }
  }
}
