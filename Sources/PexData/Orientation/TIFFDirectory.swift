/// The first directory of a TIFF file, or of an EXIF block, which is one.
struct TIFFDirectory {
  private static let orientationTag = 0x0112

  private let bytes: ArraySlice<UInt8>
  private let isBigEndian: Bool
  /// Whether offsets and counts take eight bytes (BigTIFF).
  private let isLarge: Bool
  private var start = 0

  /// Nil when the block is none, or its directory lies outside of it.
  init?(_ block: ArraySlice<UInt8>) {
    bytes = block
    switch Array(block.prefix(4)) {
    case [0x4d, 0x4d, 0x00, 0x2a]: (isBigEndian, isLarge) = (true, false)
    case [0x49, 0x49, 0x2a, 0x00]: (isBigEndian, isLarge) = (false, false)
    case [0x4d, 0x4d, 0x00, 0x2b]: (isBigEndian, isLarge) = (true, true)
    case [0x49, 0x49, 0x2b, 0x00]: (isBigEndian, isLarge) = (false, true)
    default: return nil
    }
    let directory = isLarge ? number(at: 8, 8) : number(at: 4, 4)
    guard let directory, directory <= block.count else { return nil }
    start = directory
  }

  /// The number that the directory gives as orientation, of whatever integer type; nil when it gives none.
  var orientation: Int? {
    guard let offset = entry(Self.orientationTag), let type = number(at: offset + 2, 2) else { return nil }
    let sizes = [1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4]
    guard let size = sizes[type], number(at: offset + 4, isLarge ? 8 : 4) == 1 else { return nil }
    // A single number lies at the start of the value field.
    return number(at: offset + (isLarge ? 12 : 8), size)
  }

  /// Whether the directory has an entry with this tag.
  func holds(_ tag: Int) -> Bool { entry(tag) != nil }

  /// The first number of an entry, where it is one of two or four bytes.
  func value(_ tag: Int) -> Int? {
    guard let offset = entry(tag), let type = number(at: offset + 2, 2), type == 3 || type == 4 else { return nil }
    return number(at: offset + (isLarge ? 12 : 8), type == 3 ? 2 : 4)
  }

  /// Where the entry with a tag lies.
  private func entry(_ tag: Int) -> Int? {
    guard let count = number(at: start, isLarge ? 8 : 2) else { return nil }
    let (first, size) = isLarge ? (start + 8, 20) : (start + 2, 12)
    let there = max(0, (bytes.count - first) / size)
    for index in 0..<min(count, there) where number(at: first + index * size, 2) == tag { return first + index * size }
    return nil
  }

  /// An unsigned number of `size` bytes; nil when they are not all there, or too large for an Int.
  private func number(at offset: Int, _ size: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count, size <= bytes.count - offset else { return nil }
    let digits = bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + size)]
    let value =
      isBigEndian
      ? digits.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } : digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(exactly: value)
  }
}
