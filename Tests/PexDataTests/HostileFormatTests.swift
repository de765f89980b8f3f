import PexData
import PexTensor
import Testing

/// Damaged and malicious pictures of the formats beside PNG and JPEG.
@Suite struct HostileFormatTests {
  private static let samples = [
    "lossless.webp", "lossy-alpha.webp", "animated-part.webp", "rgb24.bmp", "palette4.bmp", "bits565.bmp", "runs8.bmp",
    "runs4.bmp", "still.gif", "part-transparent.gif", "rgb.tif", "palette.tif", "lzw.tif", "tiles.tif", "photo.heic",
    "alpha.avif",
  ]

  private func bytes(_ name: String) throws -> [UInt8] { try Fixture.bytes("formats/\(name)") }

  /// But for what fills up the last line of a BMP, the byte behind the last block of a GIF, and the place of a next page.
  @Test(arguments: samples) func everyTruncationIsAnError(name: String) throws {
    let bytes = try bytes(name)
    let harmless = name.hasSuffix(".bmp") ? 3 : name.hasSuffix(".gif") ? 1 : name == "tiles.tif" ? 4 : 0
    for length in 0..<bytes.count - harmless {
      let error = failure { try Picture.decode(Array(bytes.prefix(length))) }
      #expect(error?.kind == .malformed, "\(length) bytes of \(bytes.count)")
    }
  }

  @Test(arguments: samples + ["../ycc420.jpg", "../rgb8-interlaced.png"]) func bytesBehindThePictureAreHarmless(
    name: String
  ) throws {
    let bytes = try bytes(name)
    let behind: [UInt8] = [0xff, 0xd8, 0xff, 0, 1, 2, 3, 0x3b]
    #expect(try Picture.decode(bytes + behind) == Picture.decode(bytes))
  }

  @Test(arguments: samples) func flippedBytesNeverCrash(name: String) throws {
    let bytes = try bytes(name)
    for position in bytes.indices {
      for mask: UInt8 in [0x01, 0x80, 0xff] {
        var damaged = bytes
        damaged[position] ^= mask
        if let error = failure({ try Picture.decode(damaged, pixelLimit: 1 << 16) }) {
          // A damaged name of a codec is one that nobody has.
          #expect([.malformed, .unreadable].contains(error.kind), "byte \(position): \(error)")
        }
      }
    }
  }

  /// Sides in the header, of which nothing is decoded: where they stand, what takes their place, and the hint.
  @Test(arguments: [
    ("rgb24.bmp", 18, [0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]),
    ("runs8.bmp", 18, [0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0]),
    ("still.gif", 6, [0xff, 0xff, 0xff, 0xff]),
    ("animated-part.webp", 24, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ("lossless.webp", 21, [0xff, 0xff, 0xff, 0x0f]),
  ])
  func hugeHeadersAreRefused(name: String, place: Int, sides: [UInt8]) throws {
    var bytes = try bytes(name)
    bytes.replaceSubrange(place..<place + sides.count, with: sides)
    let error = failure { try Picture.decode(bytes) }
    #expect(error?.kind == .malformed)
    #expect(error?.message.contains("too large") == true, "\(error?.message ?? "decoded")")
  }

  @Test func hugeTIFFIsRefused() throws {
    // The entries for width and height, one after the other, with a long each.
    var bytes = try bytes("gray16.tif")
    let entry = try #require(bytes.indices.dropLast(24).first { Array(bytes[$0..<$0 + 4]) == [1, 0, 0, 3] })
    for offset in [0, 12] {
      bytes.replaceSubrange(entry + offset + 2..<entry + offset + 12, with: [0, 4, 0, 0, 0, 1, 0, 1, 0, 0])
    }
    #expect(failure { try Picture.decode(bytes) }?.message.contains("65536x65536") == true)
  }

  @Test(arguments: ["photo.heic", "photo.avif"]) func hugeHEIFIsRefused(name: String) throws {
    var bytes = try bytes(name)
    let places = bytes.indices.dropLast(16).filter { Array(bytes[$0..<$0 + 4]) == Array("ispe".utf8) }
    for place in places { bytes.replaceSubrange(place + 8..<place + 16, with: [0, 0, 0x7f, 0, 0, 0, 0x7f, 0]) }
    #expect(failure { try Picture.decode(bytes) }?.message.contains("too large") == true)
  }

  /// What the container says counts, and what its stream holds counts too.
  @Test func moreThanToldIsRefused() throws {
    let bytes = try bytes("larger-than-told.heic")
    #expect(failure { try Picture.decode(bytes, pixelLimit: 1000) }?.kind == .malformed)
  }

  @Test(arguments: samples) func pixelLimitIsExact(name: String) throws {
    let bytes = try bytes(name)
    let picture = try Picture.decode(bytes)
    let hint = try #require(failure { try Picture.decode(bytes, pixelLimit: 1) }?.hint)
    // What the hint says is what it takes, and no pixel less. HEVC stores whole blocks, which count.
    let count = try #require(hint.split(separator: " ").compactMap { Int($0) }.first)
    #expect(name.hasSuffix(".heic") ? count == 64 * 64 : count == picture.width * picture.height)
    #expect(try Picture.decode(bytes, pixelLimit: count) == picture)
    #expect(failure { try Picture.decode(bytes, pixelLimit: count - 1) }?.kind == .malformed)
  }

  @Test func rawPhotosAreNotTakenForTheirPreview() throws {
    // One more entry in front: this picture is one of reduced size.
    var bytes = try bytes("gray16.tif")
    let directory = Int(bytes[7]) | Int(bytes[6]) << 8
    bytes[directory + 1] += 1
    bytes.insert(contentsOf: [0, 254, 0, 4, 0, 0, 0, 1, 0, 0, 0, 1], at: directory + 2)
    #expect(failure { try Picture.decode(bytes) }?.message.contains("preview") == true)
  }

  /// Arguments that start like a format and go on with noise.
  @Test(arguments: ["GIF89a", "II*\0", "RIFF\u{10}\0\0\0WEBP", "BM0123456789ab(\0\0\0", "\0\0\0\u{18}ftypheic"])
  func garbageIsRefused(start: String) {
    for length in [0, 1, 100, 5000] {
      let noise = (0..<length).map { UInt8(truncatingIfNeeded: ($0 + length) &* 2_654_435_761 >> 16) }
      let error = failure { try Picture.decode(Array(start.utf8) + noise) }
      #expect(error.map { [.malformed, .unreadable].contains($0.kind) } == true)
    }
  }
}
