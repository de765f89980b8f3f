import CPexFiles
import Foundation
import PexTensor

/// Writes folders that appear whole or not at all.
///
/// The files go to a temporary folder beside, are flushed to the device, and only then the folder takes the name. A folder
/// that is replaced changes names with the new one in one step, and is removed afterwards.
public enum AtomicFolder {
  /// A file of the folder.
  public struct Member {
    fileprivate let name: String
    fileprivate let write: (borrowing AtomicFile.Sink) throws -> Void

    /// A file whose bytes `write` gives.
    public init(name: String, _ write: @escaping (borrowing AtomicFile.Sink) throws -> Void) {
      self.name = name
      self.write = write
    }
  }

  /// Checks that a folder may be written: nothing of that name is there, or `overwriting` is set and it is a folder with
  /// nothing in it but files that may go.
  /// - Parameter mayGo: whether a file of that name is one that this kind of folder holds. Anything else keeps the folder
  ///   from being replaced, so that no wrong path costs anybody their files.
  /// - Returns: the names of the files that are replaced; nil when there is no folder.
  /// - Throws: ``PexError`` (cannotCreate) saying what stands in the way.
  @discardableResult
  public static func check(_ path: String, overwriting: Bool, mayGo: (String) -> Bool) throws -> [String]? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw PexError(.cannotCreate, "\(path): expected a folder, found a file, a link or a device")
    }
    guard overwriting else { throw AtomicFile.exists(path) }
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path).sorted() else {
      throw PexError(.cannotCreate, "\(path): the folder cannot be read")
    }
    for name in names {
      let isFile = lstat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      guard isFile, mayGo(name) else {
        throw PexError(
          .cannotCreate, "\(path): holds '\(name)', which is none of the files that would be replaced",
          hint: "name another folder with -o")
      }
    }
    return names
  }

  /// Writes a folder.
  /// - Parameters:
  ///   - path: where, without a slash behind it; the folder it stands in exists.
  ///   - overwriting: whether a folder of that name is replaced.
  ///   - mayGo: as in ``check(_:overwriting:mayGo:)``.
  ///   - members: the files, each with a name of its own.
  /// - Throws: ``PexError``: (cannotCreate) as ``check(_:overwriting:mayGo:)`` or when the place takes no folder,
  ///   (inputOutput) when writing fails midway; whatever a member throws. What was there is then as it was.
  public static func write(
    to path: String, overwriting: Bool, mayGo: (String) -> Bool, _ members: [Member]
  ) throws {
    let old = try check(path, overwriting: overwriting, mayGo: mayGo)
    let temporary = AtomicFile.temporaryPath(beside: path)
    let paths: [String] = [temporary] + members.map { "\(temporary)/\($0.name)" }
    let slots = paths.map { pex_temporary_remember($0) }
    defer { for slot in slots { pex_temporary_forget(slot) } }
    guard mkdir(temporary, 0o777) == 0 else {
      throw PexError(.cannotCreate, "\(path): cannot be created: \(systemMessage())")
    }
    do {
      for member in members {
        try AtomicFile.create("\(temporary)/\(member.name)", named: "\(path)/\(member.name)", member.write)
      }
      try AtomicFile.flush(folder: temporary, path)
      guard (old == nil ? pex_rename_new(temporary, path) : pex_rename_exchange(temporary, path)) == 0 else {
        throw errno == EEXIST
          ? AtomicFile.exists(path) : PexError(.cannotCreate, "\(path): cannot be created: \(systemMessage())")
      }
    } catch {
      remove(temporary, members.map(\.name))
      throw error
    }
    if let old { remove(temporary, old) }
    try AtomicFile.flush(folderOf: path)
  }

  private static func remove(_ folder: String, _ names: [String]) {
    for name in names { unlink("\(folder)/\(name)") }
    rmdir(folder)
  }
}
