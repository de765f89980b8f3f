import PexTensor

/// The outer form of a file: its header and its section table, checked.
package struct Container: Sendable {
  /// One line of the section table.
  package struct Section: Hashable, Sendable {
    package var kind: SectionKind
    /// Where the section is in the file, padding behind it not included.
    package var range: Range<Int>
    /// The checksum of the section's bytes.
    package var checksum: UInt32
  }

  /// The sections, in the order of the file.
  package let sections: [Section]
  /// The minimum reader version that the file states.
  private let minimum: UInt32

  /// Checks everything about a file that its sections' contents do not matter for; and the checksums of the sections
  /// that hold messages. Tensors are checked when they are used.
  /// - Throws: ``PexError``: ``BundleFault`` with the section that is at fault.
  init(_ image: FileImage, kind: FileKind) throws {
    let (version, entries) = try image.withBytes(0..<image.count) { try Self.table($0, kind: kind) }
    minimum = version
    var position = UInt64(Format.headerBytes + entries.count * Format.entryBytes)
    var sections: [Section] = []
    for entry in entries {
      guard let section = kind.sections.first(where: { $0.kind.rawValue == entry.kind })?.kind,
        section.since <= version
      else {
        throw BundleFault.unknownSection(entry.kind).error("section table")
      }
      guard sections.last.map({ $0.kind.rawValue < entry.kind }) ?? true else {
        throw BundleFault.sectionOrder.error(section.name)
      }
      let start = Format.aligned(position) ?? .max
      guard entry.offset == start, start <= image.count else {
        throw BundleFault.place(expected: start, found: entry.offset).error(section.name)
      }
      let room = section.holdsTensors ? UInt64(image.count) : UInt64(BundleLimits.messageBytes)
      let limit = min(room, UInt64(image.count) - start)
      guard entry.length <= limit else { throw BundleFault.size(entry.length, limit: limit).error(section.name) }
      try image.requireZeros(Int(position)..<Int(start), section.name)
      position = start + entry.length
      sections.append(Section(kind: section, range: Int(start)..<Int(position), checksum: entry.checksum))
    }
    for (section, required) in kind.sections where required && !sections.contains(where: { $0.kind == section }) {
      throw BundleFault.missing.error(section.name)
    }
    guard Format.aligned(position) == UInt64(image.count) else {
      throw BundleFault.length(expected: Format.aligned(position) ?? .max, found: image.count).error("section table")
    }
    try image.requireZeros(Int(position)..<image.count, "end of file")
    self.sections = sections
    for section in sections where !section.kind.holdsTensors { try verify(section, in: image) }
  }

  /// The section of that kind, or nil.
  func section(_ kind: SectionKind) -> Section? { sections.first { $0.kind == kind } }

  /// Checks that the file asks its readers for a version that knows some part of it: others would take it for something else.
  /// - Throws: ``PexError`` (malformed) naming the part.
  func require(version: UInt32, for part: String) throws {
    guard version <= minimum else {
      throw BundleFault.value(
        "minimum reader version", expected: "at least \(version) for \(part)", found: "\(minimum)"
      ).error("header")
    }
  }

  /// Checks the checksum of one section.
  /// - Throws: ``PexError`` (malformed).
  func verify(_ section: Section, in image: FileImage) throws {
    let found = try image.withBytes(section.range) { CRC32C.checksum($0) }
    guard found == section.checksum else {
      throw BundleFault.checksum(expected: section.checksum, found: found).error(section.kind.name)
    }
  }

  private struct Entry {
    var kind: UInt32
    var checksum: UInt32
    var offset: UInt64
    var length: UInt64
  }

  /// Reads header and table. The checksum comes before the version, so that damage never looks like a newer file.
  private static func table(_ bytes: UnsafeRawBufferPointer, kind: FileKind) throws -> (version: UInt32, [Entry]) {
    let place = "header"
    guard BundleReader.kind(of: bytes) == kind else { throw BundleFault.foreign(expected: kind.name).error(place) }
    guard bytes.count >= Format.headerBytes else {
      throw BundleFault.short(expected: Format.headerBytes, found: bytes.count).error(place)
    }
    func word(_ offset: Int) -> UInt32 {
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    func long(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    let count = Int(word(16))
    guard count <= BundleLimits.sections else {
      throw BundleFault.limit("sections", count: count, limit: BundleLimits.sections).error(place)
    }
    let end = Format.headerBytes + count * Format.entryBytes
    guard bytes.count >= end else { throw BundleFault.short(expected: end, found: bytes.count).error("section table") }
    let before = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<20]))
    let found = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[24..<end]), after: before)
    guard found == word(20) else { throw BundleFault.headerChecksum(expected: word(20), found: found).error(place) }
    guard word(12) <= Format.version else { throw BundleFault.newer(minimum: word(12)).error(place) }
    guard word(12) >= 1, word(8) >= word(12) else {
      throw BundleFault.value("version", expected: "at least \(max(1, word(12)))", found: "\(word(8))").error(place)
    }
    guard long(24) == UInt64(bytes.count) else {
      throw BundleFault.length(expected: long(24), found: bytes.count).error(place)
    }
    let entries = stride(from: Format.headerBytes, to: end, by: Format.entryBytes).map { offset in
      Entry(
        kind: word(offset), checksum: word(offset + 4), offset: long(offset + 8), length: long(offset + 16))
    }
    return (word(12), entries)
  }
}

extension FileImage {
  /// Checks that the bytes between two parts of a file are zero.
  /// - Throws: ``PexError`` (malformed) with the first place that is not.
  func requireZeros(_ range: Range<Int>, _ section: String) throws {
    let stray = try withBytes(range) { bytes in bytes.firstIndex { $0 != 0 } }
    if let stray { throw BundleFault.padding(at: range.lowerBound + stray).error(section) }
  }
}
