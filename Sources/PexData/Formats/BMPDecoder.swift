import PexTensor

/// Reads BMP files: 1, 4, 8, 16, 24 and 32 bits, palettes, runs and masks, rows from either end.
struct BMPDecoder {
  private let file: [UInt8]
  private let header: BMPHeader
  private var canvas: PixelCanvas

  /// The picture in a file.
  /// - Throws: ``PexError`` (malformed) when it is no sound BMP, or has more pixels than the limit.
  static func decode(_ file: [UInt8], pixelLimit: Int) throws -> Picture {
    var decoder = try BMPDecoder(file, pixelLimit: pixelLimit)
    switch decoder.header.compression {
    case .runs4, .runs8: try decoder.readRuns()
    case .none, .masks, .alphaMasks: try decoder.readRows()
    }
    return try Picture(
      width: decoder.canvas.width, height: decoder.canvas.height, pixels: decoder.canvas.pixels)
  }

  private init(_ file: [UInt8], pixelLimit: Int) throws {
    self.file = file
    header = try BMPHeader(file)
    canvas = try PixelCanvas(width: header.width, height: header.height, level: 0, .bmp, pixelLimit: pixelLimit)
  }

  /// The row of the picture that is stored as number `stored`.
  private func row(_ stored: Int) -> Int { header.isTopDown ? stored : header.height - 1 - stored }

  private func color(_ index: Int) throws -> RGB {
    guard header.palette.indices.contains(index) else {
      throw PexError(.malformed, "a pixel has colour \(index) of a palette of \(header.palette.count)")
    }
    return header.palette[index]
  }

  private mutating func readRows() throws {
    let used = (header.width * header.bits + 7) / 8
    // Rows start at multiples of four bytes; what fills them up may be missing at the end.
    let stride = (used + 3) / 4 * 4
    let fields = header.masks.map(Field.init)
    for stored in 0..<header.height {
      var reader = ByteReader(file, at: header.start + stored * stride)
      let bytes = Array(try reader.slice(used))
      let row = row(stored)
      for column in 0..<header.width {
        canvas.set(row: row, column: column, try pixel(bytes, column, fields))
      }
    }
  }

  private func pixel(_ row: [UInt8], _ column: Int, _ fields: [Field]) throws -> RGB {
    switch header.bits {
    case 24: return RGB(red: row[column * 3 + 2], green: row[column * 3 + 1], blue: row[column * 3])
    case 16, 32:
      let size = header.bits / 8
      let value = row[column * size..<(column + 1) * size].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let color = RGB(red: fields[0].level(value), green: fields[1].level(value), blue: fields[2].level(value))
      return fields[3].mask == 0 ? color : color.overWhite(alpha: fields[3].level(value))
    default:
      let bit = column * header.bits
      // The leftmost pixel stands in the highest bits.
      let shift = 8 - header.bits - bit % 8
      return try color(Int(row[bit / 8] >> UInt8(shift)) & (1 << header.bits - 1))
    }
  }

  /// Runs of one colour and stretches of single ones, line by line from the bottom; what they jump over has colour 0.
  private mutating func readRuns() throws {
    let background = try color(0)
    if background != .black {
      for row in 0..<header.height {
        for column in 0..<header.width { canvas.set(row: row, column: column, background) }
      }
    }
    var reader = ByteReader(file, at: header.start)
    var (stored, column) = (0, 0)
    while stored < header.height {
      let (count, value) = (Int(try reader.byte()), Int(try reader.byte()))
      switch (count, value) {
      case (0, 0): (stored, column) = (stored + 1, 0)
      case (0, 1): return
      case (0, 2): (column, stored) = (column + Int(try reader.byte()), stored + Int(try reader.byte()))
      case (0, _):
        let size = header.bits == 4 ? (value + 1) / 2 : value
        let stretch = Array(try reader.slice(size))
        if size % 2 == 1 { _ = try reader.byte() }
        for index in 0..<value {
          try paint(stored, column + index, stretch[header.bits == 4 ? index / 2 : index], index)
        }
        column += value
      default:
        for index in 0..<count { try paint(stored, column + index, UInt8(value), index) }
        column += count
      }
    }
  }

  /// One pixel of a run, of which every second takes the lower half of a byte in 4 bits. What stands beyond a line is dropped.
  private mutating func paint(_ stored: Int, _ column: Int, _ byte: UInt8, _ index: Int) throws {
    guard column < header.width, stored < header.height else { return }
    let entry = header.bits == 8 ? byte : index % 2 == 0 ? byte >> 4 : byte & 15
    canvas.set(row: row(stored), column: column, try color(Int(entry)))
  }

  /// Some bits of a pixel that are one channel.
  private struct Field {
    let mask: UInt32
    private let shift: UInt32
    private let most: UInt32

    init(mask: UInt32) {
      self.mask = mask
      shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
      most = mask >> shift
    }

    /// The channel in 8 bits, rounded down.
    func level(_ pixel: UInt32) -> UInt8 {
      most == 0 ? 0 : UInt8(UInt64((pixel & mask) >> shift) * 255 / UInt64(most))
    }
  }
}
