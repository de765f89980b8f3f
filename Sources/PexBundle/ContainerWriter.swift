import PexTensor

/// One section before it is written.
struct SectionDraft {
  /// What a section consists of.
  enum Content {
    case message([UInt8])
    case tensors([Tensor])
  }

  var kind: SectionKind
  var content: Content
  /// The version of the format that first had everything in it.
  var since: UInt32

  /// - Parameter since: of the newest thing in it, where that is newer than the kind of section.
  init(kind: SectionKind, content: Content, since: UInt32 = 1) {
    self.kind = kind
    self.content = content
    self.since = max(kind.since, since)
  }

  /// Gives the section's bytes piece by piece, without the padding behind it.
  func write(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch content {
    case .message(let bytes): try bytes.withUnsafeBytes { try sink($0) }
    case .tensors(let tensors):
      for (index, tensor) in tensors.enumerated() {
        try tensor.withBytes { try sink($0) }
        if index < tensors.count - 1 { try zeros(Format.padding(after: tensor.byteCount), sink) }
      }
    }
  }
}

/// A whole file before it is written: header and table are known, the tensors stay where they are.
package struct ContainerDraft {
  private let start: [UInt8]
  private let sections: [SectionDraft]
  private let lengths: [Int]

  /// Lays out the sections, which are in ascending order of their kinds.
  /// - Throws: ``PexError`` (malformed) when the file would be too long to address.
  init(_ kind: FileKind, _ sections: [SectionDraft]) throws {
    self.sections = sections
    var lengths: [Int] = []
    var table: [UInt8] = []
    var position = UInt64(Format.headerBytes + sections.count * Format.entryBytes)
    for section in sections {
      var checksum: UInt32 = 0
      var length = 0
      try section.write { bytes in
        checksum = CRC32C.checksum(bytes, after: checksum)
        length += bytes.count
      }
      let offset = Format.aligned(position) ?? .max
      let (end, overflow) = offset.addingReportingOverflow(UInt64(length))
      guard !overflow, Format.aligned(end) != nil else { throw PexError(.malformed, "the file would be too long") }
      table.append(section.kind.rawValue)
      table.append(checksum)
      table.append(offset)
      table.append(UInt64(length))
      lengths.append(length)
      position = end
    }
    self.lengths = lengths
    var header = kind.magic
    let version = sections.map(\.since).max() ?? 1
    header.append(version)
    header.append(version)
    header.append(UInt32(sections.count))
    var rest: [UInt8] = []
    rest.append(Format.aligned(position) ?? .max)
    header.append(CRC32C.checksum(header + rest + table))
    start = header + rest + table
  }

  /// Gives the file's bytes piece by piece.
  /// - Throws: whatever `sink` throws.
  package func write(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    try start.withUnsafeBytes { try sink($0) }
    try zeros(Format.padding(after: start.count), sink)
    for (section, length) in zip(sections, lengths) {
      try section.write(sink)
      try zeros(Format.padding(after: length), sink)
    }
  }

  /// The whole file in memory.
  func bytes() throws -> [UInt8] {
    var bytes: [UInt8] = []
    try write { bytes.append(contentsOf: $0) }
    return bytes
  }
}

private func zeros(_ count: Int, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
  guard count > 0 else { return }
  try [UInt8](repeating: 0, count: count).withUnsafeBytes { try sink($0) }
}

extension [UInt8] {
  /// Appends a number, least significant byte first.
  fileprivate mutating func append(_ number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }
}

extension Tensor {
  /// The checksum of the bytes.
  var checksum: UInt32 { withBytes { CRC32C.checksum($0) } }
}
