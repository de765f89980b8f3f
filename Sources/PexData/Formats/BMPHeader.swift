import PexTensor

/// What stands in front of a BMP's pixels.
struct BMPHeader {
  /// How pixels are stored.
  enum Compression: UInt32 {
    case none = 0
    case runs8 = 1
    case runs4 = 2
    case masks = 3
    case alphaMasks = 6
  }

  /// Lengths of the header's versions, each of which begins as the one before; the first has 16-bit sides.
  static let sizes: [UInt8] = [12, 40, 52, 56, 64, 108, 124]

  private(set) var width = 0
  private(set) var height = 0
  private(set) var isTopDown = false
  private(set) var bits = 0
  private(set) var compression = Compression.none
  /// Red, green, blue and alpha, for 16 and 32 bits.
  private(set) var masks: [UInt32] = []
  private(set) var palette: [RGB] = []
  /// Where pixels begin.
  private(set) var start = 0

  /// - Throws: ``PexError`` (malformed) for anything else than a BMP that can be read.
  init(_ file: [UInt8]) throws {
    var reader = ByteReader(file, at: 10)
    start = Int(try reader.u32())
    let size = Int(try reader.u32())
    guard Self.sizes.contains(where: { Int($0) == size }) else {
      throw PexError(.malformed, "its header has \(size) bytes")
    }
    let isOld = size == 12
    let sides = isOld ? (try reader.u16(), try reader.u16()) : (try Self.signed(&reader), try Self.signed(&reader))
    (width, height, isTopDown) = (sides.0, abs(sides.1), sides.1 < 0)
    _ = try reader.u16()
    bits = try reader.u16()
    let method = isOld ? 0 : try reader.u32()
    guard let compression = Compression(rawValue: method) else {
      throw PexError(.malformed, "its pixels are compressed in way \(method), expected none, runs or masks")
    }
    self.compression = compression
    if !isOld { _ = try reader.slice(12) }
    let colors = isOld ? 0 : Int(try reader.u32())
    guard Self.allowed(compression, isTopDown).contains(bits), width > 0, height > 0 else {
      throw PexError(.malformed, "\(width)x\(height) pixels of \(bits) bits cannot be stored so")
    }
    try readMasks(file, headerSize: size)
    if bits <= 8 { try readPalette(file, colors: colors, isOld: isOld, headerSize: size) }
  }

  private static func signed(_ reader: inout ByteReader) throws -> Int { Int(Int32(bitPattern: try reader.u32())) }

  private static func allowed(_ compression: Compression, _ isTopDown: Bool) -> [Int] {
    switch compression {
    case .none: [1, 4, 8, 16, 24, 32]
    // Runs end lines from the bottom up.
    case .runs8: isTopDown ? [] : [8]
    case .runs4: isTopDown ? [] : [4]
    case .masks, .alphaMasks: [16, 32]
    }
  }

  private mutating func readMasks(_ file: [UInt8], headerSize: Int) throws {
    switch (compression, bits) {
    case (.none, 16): masks = [0x7c00, 0x03e0, 0x001f, 0]
    case (.none, 32): masks = [0xff0000, 0xff00, 0xff, 0]
    case (.masks, _), (.alphaMasks, _):
      var reader = ByteReader(file, at: 14 + 40)
      masks = [try reader.u32(), try reader.u32(), try reader.u32()]
      masks.append(headerSize >= 56 || compression == .alphaMasks ? try reader.u32() : 0)
      for mask in masks where mask != 0 {
        let run = mask >> UInt32(mask.trailingZeroBitCount)
        guard run & (run &+ 1) == 0 else { throw PexError(.malformed, "the bits of a colour are no run") }
      }
    default: break
    }
  }

  private mutating func readPalette(_ file: [UInt8], colors: Int, isOld: Bool, headerSize: Int) throws {
    let count = colors == 0 ? 1 << bits : colors
    let (first, size) = (14 + headerSize, isOld ? 3 : 4)
    // An old header has no count: the palette ends where pixels begin.
    let there = start > first ? (start - first) / size : count
    var reader = ByteReader(file, at: first)
    palette = try (0..<min(count, there, 256)).map { _ in
      let entry = Array(try reader.slice(size))
      return RGB(red: entry[2], green: entry[1], blue: entry[0])
    }
  }
}
