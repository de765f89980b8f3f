import Foundation

/// A temporary folder that goes away with the last one who holds it.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/pex-programs-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something in the folder.
  subscript(_ name: String) -> String { path + "/" + name }

  func read(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: self[name])) }

  /// Writes a file, with the folders that it stands in, and tells its path.
  @discardableResult
  func write(_ name: String, _ bytes: some Collection<UInt8>) throws -> String {
    let url = URL(fileURLWithPath: self[name])
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return self[name]
  }

  /// Copies a file from elsewhere.
  func copy(_ source: String, to name: String) throws -> String {
    try write(name, try Data(contentsOf: URL(fileURLWithPath: source)))
  }

  /// Copies a program, and tells its path. What this process writes itself may be open still in a process that another
  /// test starts at that moment, and is "busy" then: a program cannot be started while somebody could write it.
  func install(_ program: String, as name: String) throws -> String {
    let outcome = try RunningProgram("/bin/sh", ["-c", "cp \"$0\" \"$1\" && chmod 755 \"$1\"", program, self[name]])
      .finish()
    guard outcome.status == 0 else { throw Program.Failure(description: outcome.stderr) }
    return self[name]
  }

  /// Everything below, hidden files included, with the bytes of files.
  func snapshot() throws -> [String: Data?] {
    var found: [String: Data?] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
      var isFolder: ObjCBool = false
      let isThere = FileManager.default.fileExists(atPath: self[name], isDirectory: &isFolder)
      found[name] = isThere && !isFolder.boolValue ? try read(name) : nil
    }
    return found
  }
}
