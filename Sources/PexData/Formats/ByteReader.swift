import PexTensor

/// Little-endian numbers in bytes from outside, each checked to be there.
struct ByteReader {
  private let bytes: [UInt8]
  /// Where the next number starts; may lie behind the end.
  private(set) var position: Int

  init(_ bytes: [UInt8], at position: Int = 0) { (self.bytes, self.position) = (bytes, position) }

  /// How many bytes are left.
  var remaining: Int { max(0, bytes.count - position) }

  /// - Throws: ``PexError`` (malformed) when the file ends before.
  mutating func byte() throws -> UInt8 {
    guard position < bytes.count else { throw Self.end }
    position += 1
    return bytes[position - 1]
  }

  /// - Throws: ``PexError`` (malformed) when the file ends before.
  mutating func u16() throws -> Int { Int(try byte()) | Int(try byte()) << 8 }

  /// - Throws: ``PexError`` (malformed) when the file ends before.
  mutating func u32() throws -> UInt32 { UInt32(try u16()) | UInt32(try u16()) << 16 }

  /// The next `count` bytes.
  /// - Throws: ``PexError`` (malformed) when the file ends before.
  mutating func slice(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw Self.end }
    position += count
    return bytes[position - count..<position]
  }

  static var end: PexError { PexError(.malformed, "the file ends too early") }
}

/// Room for a picture's pixels, which starts white or black.
struct PixelCanvas {
  let width: Int
  let height: Int
  private(set) var pixels: [UInt8]

  /// - Throws: ``PexError`` (malformed) when there are no pixels, or more than the limit: before any memory is taken.
  init(width: Int, height: Int, level: UInt8, _ format: PictureFormat, pixelLimit: Int) throws {
    guard width > 0, height > 0 else { throw PexError(.malformed, "it has no pixels") }
    guard height <= pixelLimit / width else { throw PexError.tooLarge(format, width, height, pixelLimit) }
    (self.width, self.height) = (width, height)
    pixels = [UInt8](repeating: level, count: width * height * 3)
  }

  /// Paints a pixel within the canvas.
  mutating func set(row: Int, column: Int, _ color: RGB) {
    let place = (row * width + column) * 3
    pixels[place] = color.red
    pixels[place + 1] = color.green
    pixels[place + 2] = color.blue
  }
}

/// A colour of 8 bits a channel.
struct RGB: Hashable {
  var red: UInt8
  var green: UInt8
  var blue: UInt8

  static let black = RGB(red: 0, green: 0, blue: 0)
  static let white = RGB(red: 255, green: 255, blue: 255)

  /// What is seen of it over white.
  func overWhite(alpha: UInt8) -> RGB {
    let share = Int(alpha)
    let white = 255 * (255 - share) + 127
    func mixed(_ level: UInt8) -> UInt8 { UInt8((Int(level) * share + white) / 255) }
    return RGB(red: mixed(red), green: mixed(green), blue: mixed(blue))
  }
}

extension PexError {
  /// A picture beyond the limit.
  static func tooLarge(_ format: PictureFormat, _ width: Int, _ height: Int, _ limit: Int) -> PexError {
    let (pixels, overflows) = width.multipliedReportingOverflow(by: height)
    return PexError(
      .malformed,
      "the \(format.rawValue) picture is too large: \(width)x\(height) pixels, at most \(limit) in all are allowed",
      hint: overflows || pixels > Picture.largestPixelLimit
        ? nil : "--pixel-limit \(pixels) allows it, where there is memory for it")
  }
}
