/// The one thing that is read in XMP packets: `tiff:Orientation="6"`, or `<tiff:Orientation>6</tiff:Orientation>`.
enum XMP {
  /// The number that is given as orientation; nil without one.
  static func orientation(_ packet: ArraySlice<UInt8>) -> Int? {
    let name = Array("tiff:Orientation".utf8)
    var rest = packet
    while let start = rest.firstIndex(of: name[0]) {
      rest = rest[start...]
      guard rest.starts(with: name) else {
        rest = rest.dropFirst()
        continue
      }
      rest = rest.dropFirst(name.count)
      if let value = value(rest) { return value }
    }
    return nil
  }

  /// The number behind the name, in an attribute or in an element.
  private static func value(_ text: ArraySlice<UInt8>) -> Int? {
    func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
      text.drop { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
    }
    var rest = trimmed(text)
    guard let sign = rest.popFirst() else { return nil }
    rest = trimmed(rest)
    switch sign {
    case UInt8(ascii: ">"): break
    case UInt8(ascii: "="):
      guard let quote = rest.popFirst(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
      rest = trimmed(rest)
    default: return nil
    }
    let digits = rest.prefix(2).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self))
  }
}
