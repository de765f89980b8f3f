/// Reads the Python dictionary in a .npy header and nothing more general: three known keys, each once, in any order.
struct NpyHeaderParser {
  private let text: [UInt8]
  private var position = 0

  init(_ text: Slice<UnsafeRawBufferPointer>) { self.text = Array(text) }

  /// The three fields of the dictionary, of which the text may hold one, padded with blanks.
  /// - Throws: ``PexError`` (malformed) at the first byte that does not belong there.
  mutating func dictionary() throws -> (descr: String, isFortranOrder: Bool, shape: [Int]) {
    var descr: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !take("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where descr == nil:
        guard next != UInt8(ascii: "[") else {
          throw PexError(.malformed, "the array holds records, expected plain numbers")
        }
        descr = try string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try bool()
      case "shape" where shape == nil: shape = try tuple()
      default: throw PexError(.malformed, "unexpected key '\(key)' in the .npy header")
      }
      guard take(",") else {
        try expect("}")
        break
      }
    }
    guard next == nil else { throw unexpected() }
    guard let descr, let isFortranOrder, let shape else {
      throw PexError(.malformed, "the .npy header lacks 'descr', 'fortran_order' or 'shape'")
    }
    return (descr, isFortranOrder, shape)
  }

  /// The next byte that is no blank; nil at the end.
  private var next: UInt8? {
    mutating get {
      while position < text.count, [0x20, 0x0a].contains(text[position]) { position += 1 }
      return position < text.count ? text[position] : nil
    }
  }

  private mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard let byte = next, UInt32(byte) == mark.value else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ mark: Unicode.Scalar) throws {
    guard take(mark) else { throw unexpected() }
  }

  private mutating func string() throws -> String {
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw unexpected() }
    let start = position + 1
    // An escape could hide a quote; no type or key of ours has one.
    guard let end = text[start...].firstIndex(where: { $0 == quote || $0 == UInt8(ascii: "\\") }), text[end] == quote
    else { throw unexpected() }
    position = end + 1
    return String(decoding: text[start..<end].prefix(64), as: UTF8.self)
  }

  private mutating func bool() throws -> Bool {
    guard next != nil else { throw unexpected() }
    for (word, value) in [("True", true), ("False", false)] where text[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw unexpected()
  }

  private mutating func tuple() throws -> [Int] {
    var numbers: [Int] = []
    try expect("(")
    while !take(")") {
      numbers.append(try number())
      guard take(",") else {
        // In Python `(3)` is a number and no tuple.
        guard numbers.count > 1 else { throw unexpected() }
        try expect(")")
        break
      }
    }
    return numbers
  }

  private mutating func number() throws -> Int {
    guard next != nil else { throw unexpected() }
    let digits = text[position...].prefix { (0x30...0x39).contains($0) }
    guard !digits.isEmpty, let value = Int(String(decoding: digits, as: UTF8.self)) else { throw unexpected() }
    position += digits.count
    return value
  }

  private mutating func unexpected() -> PexError {
    guard let byte = next else { return PexError(.malformed, "the .npy header ends too early") }
    return PexError(.malformed, "unexpected byte \(byte) at \(position) of the .npy header")
  }
}
