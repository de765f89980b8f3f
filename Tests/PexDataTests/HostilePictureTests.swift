import PexData
import PexTensor
import Testing

@Suite struct HostilePictureTests {
  @Test(arguments: [
    "rgb8.png", "rgb8-interlaced.png", "palette8-alpha.png", "ycc420.jpg", "ycc444-progressive.jpg", "gray.jpg",
    "orientation6.jpg",
  ])
  func everyTruncationIsAnError(name: String) throws {
    let bytes = try Fixture.bytes(name)
    for length in 0..<bytes.count {
      let error = failure { try Picture.decode(Array(bytes.prefix(length))) }
      #expect(error?.kind == .malformed, "\(length) bytes of \(bytes.count)")
    }
  }

  @Test(arguments: [
    "rgb8-interlaced.png", "palette8-alpha.png", "orientation6.png", "ycc444-progressive.jpg", "orientation3.jpg",
  ])
  func flippedBytesNeverCrash(name: String) throws {
    let bytes = try Fixture.bytes(name)
    for position in bytes.indices {
      for mask: UInt8 in [0x01, 0x80, 0xff] {
        var damaged = bytes
        damaged[position] ^= mask
        // A limit, because a damaged height may well be a sound and very large one.
        if let error = failure({ try Picture.decode(damaged, pixelLimit: 1 << 16) }) {
          #expect(error.kind == .malformed, "byte \(position)")
        }
      }
    }
  }

  @Test func hugePngIsRefusedByItsHeader() throws {
    // 2³¹-1 by 2³¹-1, with a right checksum.
    let header: [UInt8] = [
      0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0x7f, 0xff, 0xff, 0xff, 0x7f,
      0xff, 0xff, 0xff, 8, 2, 0, 0, 0,
    ]
    let bytes = header + checksum(header[12...]) + (try Fixture.bytes("rgb8.png")[33...])
    let error = failure { try Picture.decode(bytes) }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("too large") == true)
  }

  @Test func hugeJpegIsRefusedByItsHeader() throws {
    var bytes = try Fixture.bytes("ycc420.jpg")
    let frame = try #require(bytes.indices.dropLast(9).first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 })
    for offset in 5...8 { bytes[frame + offset] = 0xfe }
    #expect(failure { try Picture.decode(bytes) }?.message.contains("too large") == true)
  }

  @Test func pixelLimitIsExact() throws {
    let bytes = try Fixture.bytes("rgb8.png")
    #expect(try Picture.decode(bytes, pixelLimit: 99).width == 11)
    #expect(failure { try Picture.decode(bytes, pixelLimit: 98) }?.kind == .malformed)
    #expect(failure { try Picture.decode(bytes, pixelLimit: -1) }?.kind == .malformed)
  }

  @Test func garbageIsRefused() throws {
    let starts = try [[], Array(Fixture.bytes("rgb8.png").prefix(33)), Array(Fixture.bytes("gray.jpg").prefix(20))]
    for start in starts {
      for length in [0, 1, 100, 5000] {
        // Knuth's multiplicative hash: noise that is the same in every run.
        let noise = (0..<length).map { UInt8(truncatingIfNeeded: ($0 + length) &* 2_654_435_761 >> 16) }
        #expect(failure { try Picture.decode(start + noise) }?.kind == .malformed)
      }
    }
  }

  /// The CRC-32 that ends a PNG chunk, most significant byte first.
  private func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var sum: UInt32 = ~0
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xedb8_8320 : sum >> 1 }
    }
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~sum >> $0) }
  }
}
