/// Finds the one EXIF field that matters here: which way up the picture is.
///
/// Every offset is checked against the bytes there are; a block that makes no sense means that the picture is upright.
enum Exif {
  /// The orientation that a picture file declares; ``Orientation/upright`` when it declares none.
  static func orientation(of file: [UInt8], _ format: PictureFormat) -> Orientation {
    let block =
      switch format {
      case .png: pngBlock(file)
      case .jpeg: jpegBlock(file)
      }
    return block.flatMap(orientation) ?? .upright
  }

  /// The payload of the first APP1 segment that starts with "Exif", of the segments before the first scan.
  private static func jpegBlock(_ file: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 2
    while position + 4 <= file.count, file[position] == 0xff {
      let marker = file[position + 1]
      // A marker may be padded with any number of 0xff in front.
      guard marker != 0xff else {
        position += 1
        continue
      }
      guard marker != 0xda, marker != 0xd9 else { return nil }
      let length = Int(file[position + 2]) << 8 | Int(file[position + 3])
      let payload = position + 4..<position + 2 + max(length, 2)
      guard payload.upperBound <= file.count else { return nil }
      if marker == 0xe1, file[payload].starts(with: Array("Exif".utf8) + [0, 0]) { return file[payload].dropFirst(6) }
      position = payload.upperBound
    }
    return nil
  }

  /// The data of the eXIf chunk in front of the end of a PNG.
  private static func pngBlock(_ file: [UInt8]) -> ArraySlice<UInt8>? {
    var position = 8
    while position + 8 <= file.count {
      let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= file.count - position - 8 else { return nil }
      if file[position + 4..<position + 8].elementsEqual("eXIf".utf8) {
        return file[position + 8..<position + 8 + length]
      }
      // Length, type, data and checksum.
      position += 12 + length
    }
    return nil
  }

  /// The value of tag 0x0112 in the first directory of a TIFF block, if it is there and one of the eight.
  private static func orientation(_ block: ArraySlice<UInt8>) -> Orientation? {
    let bytes = Array(block)
    let isBigEndian: Bool
    switch bytes.prefix(4) {
    case [0x4d, 0x4d, 0x00, 0x2a]: isBigEndian = true
    case [0x49, 0x49, 0x2a, 0x00]: isBigEndian = false
    default: return nil
    }
    func number(at offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset <= bytes.count, size <= bytes.count - offset else { return nil }
      let digits = bytes[offset..<offset + size]
      return (isBigEndian ? Array(digits) : digits.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = number(at: 4, 4), let entries = number(at: directory, 2) else { return nil }
    for entry in 0..<entries {
      let offset = directory + 2 + entry * 12
      guard let tag = number(at: offset, 2) else { return nil }
      guard tag == 0x0112 else { continue }
      // Type 3 is a short; a single one lies at the start of the value field.
      guard number(at: offset + 2, 2) == 3, number(at: offset + 4, 4) == 1 else { return nil }
      return number(at: offset + 8, 2).flatMap(Orientation.init)
    }
    return nil
  }
}
