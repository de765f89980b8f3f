import PexTensor

/// The container of WebP files: chunks with a type each.
enum WebPFile {
  struct Chunk {
    let type: String
    let data: ArraySlice<UInt8>
  }

  /// The chunks of a file; nil when it ends in the middle of one. What follows the container is left alone.
  static func chunks(_ file: [UInt8]) -> [Chunk]? {
    guard file.count >= 12 else { return nil }
    let size = number(file[4..<8])
    guard size >= 4, size <= file.count - 8 else { return nil }
    return chunks(in: file[12..<8 + size])
  }

  /// The bytes of the first frame, as a file with nothing but it, and where it lies on which canvas; nil for a still picture.
  /// - Throws: ``PexError`` (malformed) when the file ends too early or makes no sense.
  static func firstFrame(_ file: [UInt8]) throws -> Frame? {
    guard let chunks = chunks(file) else { throw ByteReader.end }
    guard let header = chunks.first, header.type == "VP8X", header.data.count >= 10 else { return nil }
    let flags = header.data[header.data.startIndex]
    guard flags & 2 != 0 else { return nil }
    let canvas = sides(header.data.dropFirst(4))
    guard let frame = chunks.first(where: { $0.type == "ANMF" }), frame.data.count >= 16,
      let parts = Self.chunks(in: frame.data.dropFirst(16))
    else { throw PexError(.malformed, "it holds no frame") }
    let place = sides(frame.data)
    // Offsets are stored halved, and as they are: not one less as sides are.
    return Frame(
      file: still(parts, sides: frame.data.dropFirst(6).prefix(6)), left: (place.width - 1) * 2,
      top: (place.height - 1) * 2, canvas: canvas)
  }

  struct Frame {
    let file: [UInt8]
    let left: Int
    let top: Int
    let canvas: (width: Int, height: Int)
  }

  /// A file of one picture from the chunks of a frame.
  private static func still(_ parts: [Chunk], sides: ArraySlice<UInt8>) -> [UInt8] {
    let kept = parts.filter { ["ALPH", "VP8 ", "VP8L"].contains($0.type) }
    let hasAlpha = kept.contains { $0.type == "ALPH" }
    let header = hasAlpha ? [Chunk(type: "VP8X", data: ([0x10, 0, 0, 0] + sides)[...])] : []
    var body: [UInt8] = []
    for chunk in header + kept {
      body += Array(chunk.type.utf8) + bytes(chunk.data.count) + chunk.data
      if chunk.data.count % 2 == 1 { body.append(0) }
    }
    return Array("RIFF".utf8) + bytes(body.count + 4) + Array("WEBP".utf8) + body
  }

  private static func chunks(in bytes: ArraySlice<UInt8>) -> [Chunk]? {
    var (chunks, rest): ([Chunk], ArraySlice<UInt8>) = ([], bytes)
    while !rest.isEmpty {
      guard rest.count >= 8 else { return nil }
      let type = String(decoding: rest.prefix(4), as: UTF8.self)
      let size = number(rest.dropFirst(4).prefix(4))
      guard size <= rest.count - 8 else { return nil }
      chunks.append(Chunk(type: type, data: rest.dropFirst(8).prefix(size)))
      // A chunk of odd length has a byte behind it.
      rest = rest.dropFirst(8 + size + size % 2)
    }
    return chunks
  }

  /// Two numbers of three bytes, each one less than what it stands for.
  private static func sides(_ bytes: ArraySlice<UInt8>) -> (width: Int, height: Int) {
    (number(bytes.prefix(3)) + 1, number(bytes.dropFirst(3).prefix(3)) + 1)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

  private static func bytes(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
}
