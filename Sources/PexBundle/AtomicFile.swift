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
  ///   - mode: the file's permissions; nil: those of the file that is replaced, or what the process gives new ones.
  ///   - body: gives the bytes.
  /// - Throws: ``PexError``: (cannotCreate) when there is something of that name already or the folder takes no file,
  ///   (inputOutput) when writing fails midway; whatever `body` throws. The old file is then as it was.
  public static func write(
    to path: String, overwriting: Bool, mode: mode_t? = nil, _ body: (borrowing Sink) throws -> Void
  ) throws {
    let replaced = try permissions(for: path, overwriting: overwriting)
    let temporary = temporaryPath(beside: path)
    // Known before it exists: an interruption in between finds nothing to remove, which does no harm.
    let slot = pex_temporary_remember(temporary)
    defer { pex_temporary_forget(slot) }
    try create(temporary, mode: mode ?? replaced, named: path, body)
    guard (overwriting ? rename(temporary, path) : pex_rename_new(temporary, path)) == 0 else {
      let error =
        errno == EEXIST ? exists(path) : PexError(.cannotCreate, "\(path): cannot be created: \(systemMessage())")
      unlink(temporary)
      throw error
    }
    try flush(folderOf: path)
  }

  /// Writes a new file and flushes it to the device. When that fails, the file is not there any more.
  /// - Parameter path: what it will be called, for messages.
  static func create(
    _ temporary: String, mode: mode_t? = nil, named path: String, _ body: (borrowing Sink) throws -> Void
  ) throws {
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode ?? 0o666)
    guard descriptor >= 0 else { throw PexError(.cannotCreate, "\(path): cannot be created: \(systemMessage())") }
    do {
      defer { close(descriptor) }
      if let mode { fchmod(descriptor, mode) }
      try body(Sink(descriptor: descriptor, path: path))
      guard fsync(descriptor) == 0 else {
        throw PexError(.inputOutput, "\(path): cannot be written: \(systemMessage())")
      }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// The folder that a path names something in; nil for the current one. Foundation's own function for this ends the
  /// program when the path has one character.
  public static func folder(of path: String) -> String? {
    guard let slash = path.lastIndex(of: "/") else { return nil }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A name in the same folder that nothing has.
  static func temporaryPath(beside path: String) -> String {
    let unique = String(UInt64.random(in: 0 ... .max), radix: 36)
    let name = ".pex-\(getpid())-\(unique).tmp"
    return folder(of: path).map { $0.hasSuffix("/") ? $0 + name : "\($0)/\(name)" } ?? name
  }

  /// Removes every temporary file that is being written. Async-signal-safe: for handlers of SIGINT and SIGTERM.
  public static func removeTemporaries() { pex_temporary_remove_all() }

  static func exists(_ path: String) -> PexError {
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

  /// Flushes the folder that something stands in, so that its name is there to stay.
  static func flush(folderOf path: String) throws {
    try flush(folder: folder(of: path) ?? ".", path)
  }

  /// Flushes a folder.
  static func flush(folder: String, _ path: String) throws {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Some file systems cannot flush folders; they say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw PexError(.inputOutput, "\(path): its folder cannot be flushed: \(systemMessage())")
    }
  }
}
