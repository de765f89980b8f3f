import PexTensor

/// Reads the protobuf wire format forwards, never past `end`.
struct WireReader {
  /// The encoding of a field's value: the low three bits of its tag.
  enum Encoding: Int {
    case varint = 0
    case fixed64 = 1
    case delimited = 2
    case fixed32 = 5
  }

  let bytes: UnsafeRawBufferPointer
  private(set) var position: Int
  let end: Int

  /// A reader of `range`, clamped to what there is.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    self.bytes = bytes
    let range = range.clamped(to: 0..<bytes.count)
    position = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { position >= end }

  /// The next variable-length integer.
  /// - Throws: ``PexError`` (malformed) when it is cut off or does not fit 64 bits.
  mutating func varint() throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { throw PexError(.malformed, "byte \(position): an integer is cut off") }
      let byte = bytes[position]
      position += 1
      if shift == 63, byte > 1 { break }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw PexError(.malformed, "byte \(position): an integer takes more than 64 bits")
  }

  /// The next field's number and encoding.
  /// - Throws: ``PexError`` (malformed) for numbers and encodings that protobuf does not have, groups included.
  mutating func tag() throws -> (number: Int, encoding: Encoding) {
    let start = position
    let tag = try varint()
    guard tag >> 3 >= 1, tag >> 3 < 1 << 29, let encoding = Encoding(rawValue: Int(tag & 7)) else {
      throw PexError(.malformed, "byte \(start): \(tag) is not a field tag")
    }
    return (Int(tag >> 3), encoding)
  }

  /// Where the value of a field with that encoding lies, without its length prefix. Moves behind it.
  /// - Throws: ``PexError`` (malformed) when it reaches beyond `end`.
  mutating func value(_ encoding: Encoding) throws -> Range<Int> {
    var start = position
    var count: UInt64
    switch encoding {
    case .varint:
      _ = try varint()
      return start..<position
    case .fixed32: count = 4
    case .fixed64: count = 8
    case .delimited:
      count = try varint()
      start = position
    }
    guard count <= UInt64(end - position) else {
      throw PexError(.malformed, "byte \(start): \(count) bytes are announced where \(end - position) remain")
    }
    position += Int(count)
    return start..<position
  }
}
