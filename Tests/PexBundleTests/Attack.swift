import PexBundle
import PexTensor

/// A file whose parts a test can change before every checksum is made right again: what somebody with time could send.
struct Attack {
  struct Section {
    var kind: UInt32
    var bytes: [UInt8]
    /// Where the table says the section is, when that is not where it is.
    var offset: UInt64?
    /// How long the table says it is.
    var length: UInt64?
  }

  var magic: [UInt8]
  var version: UInt32 = 1
  var minimum: UInt32 = 1
  var count: UInt32?
  var sections: [Section]
  var padding: UInt8 = 0

  /// The parts of a sound file.
  init(_ bytes: [UInt8]) {
    magic = Array(bytes[..<8])
    func number(_ offset: Int, _ size: Int) -> UInt64 {
      (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * $1) }
    }
    sections = (0..<Int(number(16, 4))).map { index in
      let entry = 32 + 24 * index
      let offset = Int(number(entry + 8, 8))
      return Section(
        kind: UInt32(number(entry, 4)), bytes: Array(bytes[offset..<offset + Int(number(entry + 16, 8))]))
    }
  }

  static func bundle() throws -> Attack { Attack(try Tiny.contents().encoded()) }
  static func heads() throws -> Attack { Attack(try Tiny.heads(Tiny.contents()).encoded()) }

  /// Replaces the first run of bytes in the section of that kind. The test fails when there is none.
  mutating func replace(_ old: [UInt8], _ new: [UInt8], in kind: SectionKind) throws {
    guard let index = sections.firstIndex(where: { $0.kind == kind.rawValue }) else {
      throw PexError(.defect, "no such section")
    }
    let bytes = sections[index].bytes
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: old) }) else {
      throw PexError(.defect, "no such bytes in \(kind.name)")
    }
    sections[index].bytes.replaceSubrange(start..<start + old.count, with: new)
  }

  /// Replaces one word by another one of the same length, and so with the same lengths in front.
  mutating func replace(_ old: String, _ new: String, in kind: SectionKind) throws {
    try replace(Array(old.utf8), Array(new.utf8), in: kind)
  }

  mutating func append(_ bytes: [UInt8], to kind: SectionKind) {
    for index in sections.indices where sections[index].kind == kind.rawValue { sections[index].bytes += bytes }
  }

  /// The file with every checksum right.
  func bytes() -> [UInt8] {
    var body: [UInt8] = []
    var table: [UInt8] = []
    let start = 32 + 24 * sections.count
    func pad() { body += [UInt8](repeating: padding, count: (64 - (start + body.count) % 64) % 64) }
    for section in sections {
      pad()
      table += little(section.kind) + little(CRC32C.checksum(section.bytes))
      table += little(section.offset ?? UInt64(start + body.count))
      table += little(section.length ?? UInt64(section.bytes.count))
      body += section.bytes
    }
    pad()
    let length = little(UInt64(start + body.count))
    var header = magic + little(version) + little(minimum) + little(count ?? UInt32(sections.count))
    header += little(CRC32C.checksum(header + length + table)) + length
    return header + table + body
  }
}

/// A number, least significant byte first.
func little(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
