import PexTensor

/// The largest file that is read as one sample, in bytes.
private let sampleFileLimit = 1 << 30

/// All bytes of the regular file at `path`, as a copy: were a mapped file cut short by somebody while it is decoded,
/// touching it would end the process.
/// - Throws: ``PexError`` (unreadable) when it cannot be opened; (malformed) when it is larger than 1 GiB.
func fileBytes(path: String) throws -> [UInt8] {
  let file = try MappedFile(path: path)
  return try withExtendedLifetime(file) {
    guard file.bytes.count <= sampleFileLimit else {
      throw PexError(
        .malformed, "\(path): a sample of \(file.bytes.count) bytes, at most \(sampleFileLimit) are allowed")
    }
    return Array(file.bytes)
  }
}
