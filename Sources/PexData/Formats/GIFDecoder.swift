import PexTensor

/// Reads the first frame of GIF files, as it lies on the screen that the file describes.
struct GIFDecoder {
  private var reader: ByteReader
  private let pixelLimit: Int
  private var screen = (width: 0, height: 0)
  private var globalPalette: [RGB] = []
  private var transparent: Int?

  /// The picture in a file.
  ///
  /// What the frame leaves free has the transparent colour, or colour 0; what is transparent is white.
  /// - Throws: ``PexError`` (malformed) when it is no sound GIF, or has more pixels than the limit.
  static func decode(_ file: [UInt8], pixelLimit: Int) throws -> Picture {
    var decoder = GIFDecoder(file, pixelLimit)
    return try decoder.picture()
  }

  private init(_ file: [UInt8], _ pixelLimit: Int) {
    reader = ByteReader(file, at: 6)
    self.pixelLimit = pixelLimit
  }

  private mutating func picture() throws -> Picture {
    screen = (try reader.u16(), try reader.u16())
    let flags = try reader.byte()
    _ = try reader.slice(2)
    if flags & 0x80 != 0 { globalPalette = try palette(flags) }
    while true {
      switch try reader.byte() {
      case 0x21: try readExtension()
      case 0x2c: return try readFrame()
      case 0x3b: throw PexError(.malformed, "it holds no frame")
      case let other: throw PexError(.malformed, "a block of the unknown kind \(other)")
      }
    }
  }

  private mutating func palette(_ flags: UInt8) throws -> [RGB] {
    let bytes = Array(try reader.slice(3 << (Int(flags & 7) + 1)))
    return stride(from: 0, to: bytes.count, by: 3).map {
      RGB(red: bytes[$0], green: bytes[$0 + 1], blue: bytes[$0 + 2])
    }
  }

  private mutating func readExtension() throws {
    let label = try reader.byte()
    var isFirst = true
    while case let size = Int(try reader.byte()), size > 0 {
      let block = Array(try reader.slice(size))
      // The graphic control extension: flags, delay, the transparent colour.
      if label == 0xf9, isFirst, size >= 4, block[0] & 1 != 0 { transparent = Int(block[3]) }
      isFirst = false
    }
  }

  private mutating func readFrame() throws -> Picture {
    let (left, top) = (try reader.u16(), try reader.u16())
    let (width, height) = (try reader.u16(), try reader.u16())
    let flags = try reader.byte()
    var colors = flags & 0x80 != 0 ? try palette(flags) : globalPalette
    // Without any palette colours are levels.
    if colors.isEmpty { colors = (0...255).map { RGB(red: $0, green: $0, blue: $0) } }
    if let transparent, colors.indices.contains(transparent) { colors[transparent] = .white }
    guard width > 0, height > 0 else { throw PexError(.malformed, "it has no pixels") }
    var canvas = try PixelCanvas(
      width: max(screen.width, left + width), height: max(screen.height, top + height), level: 0, .gif,
      pixelLimit: pixelLimit)
    let free = transparent.map { colors.indices.contains($0) ? colors[$0] : .white } ?? colors[0]
    if free != .black, (width, height) != (canvas.width, canvas.height) {
      for row in 0..<canvas.height { for column in 0..<canvas.width { canvas.set(row: row, column: column, free) } }
    }
    let minimum = Int(try reader.byte())
    var data: [UInt8] = []
    while case let size = Int(try reader.byte()), size > 0 { data += try reader.slice(size) }
    let indices = try GIFCodes.decompress(data, minimum: minimum, count: width * height)
    for (stored, row) in Self.rows(height, isInterlaced: flags & 0x40 != 0).enumerated() {
      for column in 0..<width {
        let index = Int(indices[stored * width + column])
        guard index < colors.count else {
          throw PexError(.malformed, "a pixel has colour \(index) of a palette of \(colors.count)")
        }
        canvas.set(row: top + row, column: left + column, colors[index])
      }
    }
    return try Picture(width: canvas.width, height: canvas.height, pixels: canvas.pixels)
  }

  /// The rows of a frame in the order in which they are stored.
  private static func rows(_ height: Int, isInterlaced: Bool) -> [Int] {
    guard isInterlaced else { return Array(0..<height) }
    return [(0, 8), (4, 8), (2, 4), (1, 2)].flatMap { Array(stride(from: $0.0, to: height, by: $0.1)) }
  }
}
