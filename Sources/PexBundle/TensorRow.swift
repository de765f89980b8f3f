import PexTensor

/// Where the tensors of one section are: in order, each on the next multiple of 64 bytes, nothing behind the last one.
struct TensorRow: Sendable {
  /// One tensor of a file.
  struct Entry: Sendable {
    var name: String
    var range: Range<Int>
    /// The checksum that the file states.
    var checksum: UInt32
  }

  /// The section, for messages.
  let section: SectionKind
  private(set) var entries: [Entry] = []
  private let start: Int
  private var end: Int
  private let limit: Int

  init(_ section: Container.Section) {
    self.section = section.kind
    start = section.range.lowerBound
    end = start
    limit = section.range.upperBound
  }

  /// The next tensor of the row.
  /// - Throws: ``PexError`` (malformed) when it is not within the section.
  mutating func next(_ name: String, _ dtype: DType, _ shape: Shape, checksum: UInt32, in image: FileImage) throws
    -> Tensor
  {
    let size = try shape.byteCount(dtype)
    let start = end + Format.padding(after: end)
    guard start <= limit, size <= limit - start else {
      throw BundleFault.tensorBytes(expected: size, found: max(0, limit - start)).error("\(section.name): '\(name)'")
    }
    end = start + size
    entries.append(Entry(name: name, range: start..<end, checksum: checksum))
    return try image.tensor(dtype, shape, at: start)
  }

  /// Checks that the tensors fill the section.
  /// - Throws: ``PexError`` (malformed).
  func finish() throws {
    guard end == limit else {
      throw BundleFault.tensorBytes(expected: end - start, found: limit - start).error(section.name)
    }
  }

  /// Where a tensor's bytes are, or nil when there is none of that number.
  func range(_ index: Int) -> Range<Int>? { entries.indices.contains(index) ? entries[index].range : nil }

  /// Checks one tensor: its checksum, and that the bytes between it and the next one are zero.
  /// - Throws: ``PexError`` (malformed) naming the tensor.
  func verify(_ index: Int, in image: FileImage) throws {
    guard entries.indices.contains(index) else { throw BundleFault.reference("tensor", index).error(section.name) }
    try image.verify(entries[index], section)
  }
}

extension FileImage {
  /// Checks one tensor: its checksum, and that the bytes between it and the next one are zero.
  /// - Throws: ``PexError`` (malformed) naming the tensor.
  func verify(_ entry: TensorRow.Entry, _ section: SectionKind) throws {
    let place = "\(section.name): '\(entry.name)'"
    let found = try withBytes(entry.range) { CRC32C.checksum($0) }
    guard found == entry.checksum else {
      throw BundleFault.checksum(expected: entry.checksum, found: found).error(place)
    }
    let next = entry.range.upperBound + Format.padding(after: entry.range.upperBound)
    try requireZeros(entry.range.upperBound..<min(next, count), place)
  }
}
