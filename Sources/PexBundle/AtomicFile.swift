import CPexFiles
import Foundation
import PexTensor

/// Writes files that appear whole or not at all.
///
/// The bytes go to a temporary file in the same folder, are flushed to the device, and only then take the name; then
/// the folder is flushed. Whatever fails or is interrupted before, the old file is as it was.
public enum AtomicFile {
  /// The file that is being written.
  public struct Sink: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// - Parameter path: for messages.
    package init(descriptor: Int32, path: String) {
      self.descriptor = descriptor
      self.path = path
    }

    /// Appends bytes.
    /// - Throws: ``PexError`` (inputOutput), on a full disk for one.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
      var rest = bytes
      while let base = rest.baseAddress, !rest.isEmpty {
        let written = Foundation.write(descriptor, base, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw PexError(.inputOutput, "\(path): cannot be written: \(systemMessage())") }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
  }

  /// Writes a file.
  /// - Parameters:
  ///   - path: where; its folder exists.
  ///   - overwriting: whether a file of that name is replaced. Folders and devices never are.
  ///   - body: gives the bytes.
  /// - Throws: ``PexError``: (cannotCreate) when there is something of that name already or the folder takes no file,
  ///   (inputOutput) when writing fails midway; whatever `body` throws. The old file is then as it was.
  public static func write(
    to path: String, overwriting: Bool, _ body: (borrowing Sink) throws -> Void
  ) throws {
    let mode = try permissions(for: path, overwriting: overwriting)
    let folder = (path as NSString).deletingLastPathComponent
    let unique = String(UInt64.random(in: 0 ... .max), radix: 36)
    let temporary = (folder as NSString).appendingPathComponent(".pex-\(getpid())-\(unique).tmp")
    // Known before it exists: an interruption in between finds nothing to remove, which does no harm.
    let slot = pex_temporary_remember(temporary)
    defer { pex_temporary_forget(slot) }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw PexError(.cannotCreate, "\(path): cannot be created: \(systemMessage())") }
    do {
      do {
        defer { close(descriptor) }
        if let mode { fchmod(descriptor, mode) }
        try body(Sink(descriptor: descriptor, path: path))
        guard fsync(descriptor) == 0 else {
          throw PexError(.inputOutput, "\(path): cannot be written: \(systemMessage())")
        }
      }
      guard (overwriting ? rename(temporary, path) : pex_rename_new(temporary, path)) == 0 else {
        throw errno == EEXIST ? exists(path) : PexError(.cannotCreate, "\(path): cannot be created: \(systemMessage())")
      }
    } catch {
      unlink(temporary)
      throw error
    }
    try flush(folder: folder.isEmpty ? "." : folder, path)
  }

  /// Removes every temporary file that is being written. Async-signal-safe: for handlers of SIGINT and SIGTERM.
  public static func removeTemporaries() { pex_temporary_remove_all() }

  private static func exists(_ path: String) -> PexError {
    PexError(.cannotCreate, "\(path): exists already", hint: "--force replaces it")
  }

  /// The permissions of the file that is replaced; nil when there is none.
  private static func permissions(for path: String, overwriting: Bool) throws -> mode_t? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    guard overwriting else { throw exists(path) }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFLNK else {
      throw PexError(.cannotCreate, "\(path): is a folder or a device and cannot be replaced")
    }
    return kind == S_IFREG ? status.st_mode & 0o777 : nil
  }

  private static func flush(folder: String, _ path: String) throws {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Some file systems cannot flush folders; they say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw PexError(.inputOutput, "\(path): its folder cannot be flushed: \(systemMessage())")
    }
  }
}
