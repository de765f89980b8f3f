#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whole files in memory. What is read and not mapped, nobody can change any more, nor cut short: touching a mapped file that
/// was ends the process.
package enum FileContents {
  /// Reads the regular file that was opened, which may be closed afterwards.
  /// - Throws: ``PexError`` (unreadable) when it is no regular file, (malformed) when it is larger than `limit`,
  ///   (inputOutput) when reading fails midway.
  package static func bytes(descriptor: Int32, path: String, atMost limit: Int) throws -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw PexError(.unreadable, "\(path): expected a file, found a folder or a device")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw PexError(.malformed, "\(path): expected at most \(limit) bytes, found \(size)")
    }
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
      while filled < size, let base = buffer.baseAddress {
        let got = read(descriptor, base + filled, size - filled)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw PexError(.inputOutput, "\(path): cannot be read: \(systemMessage())") }
        // Cut short meanwhile: what is left is damaged, as whoever decodes it will say.
        if got == 0 { return }
        filled += got
      }
    }
  }
}
