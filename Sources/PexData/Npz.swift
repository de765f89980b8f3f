import Foundation
import PexTensor
import PexZip

/// NumPy's archives (.npz): a zip file, stored or deflated, of .npy files.
public enum Npz {
  /// The most bytes that the arrays of one archive may take unless the caller says otherwise: 8 GiB, and half of this
  /// machine's memory. A few megabytes of zeros inflate to all of it.
  public static let defaultLimit = min(8 << 30, Int(clamping: ProcessInfo.processInfo.physicalMemory / 2))

  /// Reads arrays from the archive at `path`, by name without the suffix `.npy`.
  /// - Parameters:
  ///   - names: the arrays wanted, of which those that the archive lacks are left out; nil reads all.
  ///   - limit: the most bytes that the arrays read may take, uncompressed, all together.
  /// - Throws: ``PexError`` (unreadable) when the file cannot be opened; (malformed) naming the file and the array
  ///   when the archive is damaged, holds a name twice, or exceeds the limit.
  public static func read(
    path: String, names: Set<String>? = nil, limit: Int = defaultLimit
  ) throws -> [String: Tensor] {
    let file = try MappedFile(path: path)
    return try withExtendedLifetime(file) { try read(bytes: file.bytes, name: path, names: names, limit: limit) }
  }

  /// Reads arrays from an archive in memory that stays valid during the call; `name` stands in front of error
  /// messages, the rest is as in ``read(path:names:limit:)``.
  public static func read(
    bytes: UnsafeRawBufferPointer, name: String, names: Set<String>? = nil, limit: Int = defaultLimit
  ) throws -> [String: Tensor] {
    try naming(name) {
      let archive = try ZipArchive(bytes)
      var arrays: [String: Tensor] = [:]
      var remaining = limit
      for index in 0..<archive.count {
        let entry = try archive.entry(index)
        guard entry.name.hasSuffix(".npy") else { continue }
        let array = String(entry.name.dropLast(4))
        guard names?.contains(array) ?? true else { continue }
        guard arrays[array] == nil else { throw PexError(.malformed, "two arrays are named '\(array)'") }
        guard entry.size <= remaining else {
          throw PexError(
            .malformed, "its arrays take more than \(limit) bytes", hint: "split it, or give pictures in a folder")
        }
        remaining -= entry.size
        arrays[array] = try naming("array '\(array)'") { try tensor(archive, entry) }
      }
      return arrays
    }
  }

  /// Inflates an entry straight into a tensor: its size is known, and compared, before the memory is taken.
  private static func tensor(_ archive: borrowing ZipArchive, _ entry: ZipArchive.Entry) throws -> Tensor {
    let stream = try archive.open(entry)
    let start = try stream.read(NpyHeader.longestPreamble)
    let preamble = try start.withUnsafeBytes { try NpyHeader.preambleLength(of: $0[...]) }
    guard preamble.total >= start.count, preamble.total <= entry.size else {
      throw PexError(.malformed, "the .npy header of \(preamble.total) bytes does not fit the \(entry.size) there are")
    }
    let head = start + (try stream.read(preamble.total - start.count))
    let header = try head.withUnsafeBytes { try NpyHeader(text: $0[preamble.text...]) }
    guard header.byteCount == entry.size - preamble.total else {
      throw PexError(
        .malformed,
        "expected \(header.byteCount) bytes of \(header.element.rawValue) \(header.shape), "
          + "found \(entry.size - preamble.total)")
    }
    let tensor = try header.tensor { try stream.read(into: $0) }
    try stream.finish()
    return tensor
  }
}
