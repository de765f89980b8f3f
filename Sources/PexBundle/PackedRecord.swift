import PexTensor

/// The trunk's weights once more, arranged for one kind of CPU, so that a device maps them and runs. Whoever has another
/// CPU, or another arrangement in mind, takes the trunk's own.
public struct PackedRecord: Sendable {
  /// The kind of CPU, by the name of its kernels.
  public let instructionSet: String
  /// What says how the numbers are arranged. It is compared, never interpreted.
  public let arrangement: Digest
  /// The numbers of each part of the trunk that is entered at a time, f32.
  public let segments: [Tensor]
  /// For each segment, checksums that came with it from a file.
  let storedChecksums: [[UInt32]]?

  /// Weights that were arranged just now.
  public init(instructionSet: String, arrangement: Digest, segments: [Tensor]) {
    self.init(instructionSet: instructionSet, arrangement: arrangement, segments: segments, storedChecksums: nil)
  }

  private init(instructionSet: String, arrangement: Digest, segments: [Tensor], storedChecksums: [[UInt32]]?) {
    self.instructionSet = instructionSet
    self.arrangement = arrangement
    self.segments = segments
    self.storedChecksums = storedChecksums
  }

  /// Floats of a piece, which has a checksum of its own: several threads can check a segment.
  static let pieceFloats = 1 << 18

  /// How many pieces a segment of so many floats has.
  static func pieces(_ floats: Int) -> Int { floats / pieceFloats + (floats % pieceFloats > 0 ? 1 : 0) }

  /// How many pieces a segment has.
  public func pieceCount(segment: Int) -> Int { Self.pieces(segments[segment].count) }

  /// Checks one piece of a segment against its checksum.
  /// - Throws: ``PexError`` (malformed) when it is damaged.
  public func verify(segment: Int, piece: Int) throws {
    // The word of a bundle is needed: what was packed just now is right.
    guard let stored = storedChecksums else { return }
    guard stored.indices.contains(segment), stored[segment].indices.contains(piece) else {
      throw BundleFault.reference("piece", piece).error(SectionKind.packedTensors.name)
    }
    let found = checksum(segment: segment, piece: piece)
    guard found == stored[segment][piece] else {
      throw BundleFault.checksum(expected: stored[segment][piece], found: found)
        .error("\(SectionKind.packedTensors.name): segment \(segment), piece \(piece)")
    }
  }

  private func checksum(segment: Int, piece: Int) -> UInt32 {
    let tensor = segments[segment]
    let size = Self.pieceFloats * DType.float32.byteCount
    let start = min(tensor.byteCount, piece * size)
    let range = start..<min(tensor.byteCount, start + size)
    tensor.populate(range)
    return tensor.withBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// The message of section 9.
  /// - Throws: ``PexError`` (malformed) when bytes that came from a file are damaged.
  func message() throws -> Pex_Packed {
    var message = Pex_Packed()
    message.instructionSet = instructionSet
    message.arrangement = .init(arrangement.bytes)
    message.segments = try segments.indices.map { segment in
      var part = Pex_PackedSegment()
      part.floats = UInt64(segments[segment].count)
      part.crc32C = try (0..<pieceCount(segment: segment)).map { piece in
        try verify(segment: segment, piece: piece)
        return checksum(segment: segment, piece: piece)
      }
      return part
    }
    return message
  }

  /// What sections 9 and 10 hold.
  /// - Throws: ``PexError`` (malformed) when they do not fit each other.
  init(_ message: Pex_Packed, _ section: Container.Section, in image: FileImage) throws {
    let place = SectionKind.packed.name
    let isName = message.instructionSet.utf8.allSatisfy {
      $0 < 0x80 && (Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber)
    }
    guard isName, (1...64).contains(message.instructionSet.utf8.count) else {
      throw BundleFault.value("instruction_set", expected: "1 to 64 letters and digits", found: "something else")
        .error(place)
    }
    try BundleLimits.require(message.segments.count, "segments", BundleLimits.exits + 1, place)
    var row = TensorRow(section)
    var tensors: [Tensor] = []
    for (index, segment) in message.segments.enumerated() {
      guard let floats = Int(exactly: segment.floats), floats % 16 == 0,
        segment.crc32C.count == Self.pieces(floats)
      else {
        throw BundleFault.value(
          "segment \(index)", expected: "whole lines of 16 numbers and a checksum for each piece",
          found: "\(segment.floats) numbers, \(segment.crc32C.count) checksums"
        ).error(place)
      }
      // Its pieces have the checksums that count.
      tensors.append(try row.next("segment \(index)", .float32, Shape([floats]), checksum: 0, in: image))
    }
    try row.finish()
    self.init(
      instructionSet: message.instructionSet,
      arrangement: try Digest(stored: message.arrangement, "arrangement", .packed), segments: tensors,
      storedChecksums: message.segments.map(\.crc32C))
  }
}
