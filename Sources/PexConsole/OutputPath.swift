import Foundation
import PexBundle
import PexTensor

/// Where a program writes: what the user asked for, or the input's name with another suffix in the current folder.
public struct OutputPath: Sendable {
  /// The path.
  public let path: String
  private let force: Bool
  private let option: String

  /// The path that the user wants, or the one that follows from the input.
  /// - Parameter option: what the user gives the path with, for messages.
  public init(wanted: String?, input: String, suffix: String, force: Bool, option: String = "-o") {
    let name = ((input as NSString).lastPathComponent as NSString).deletingPathExtension
    path = wanted ?? "\(name).\(suffix)"
    self.force = force
    self.option = option
  }

  /// Whether an existing file may be overwritten.
  public var overwrites: Bool { force }

  /// The path in full, by which two outputs can be told apart.
  public var place: String { URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path }

  /// Checks early, before any work, that the file may be written.
  /// - Parameter sources: files that are read and of another kind than what is written: they are never overwritten.
  /// - Throws: ``PexError``: (usage) for `-` or a source, (cannotCreate) when it exists and is not to be overwritten, or its
  ///   folder does not exist.
  public func check(sources: [String] = []) throws {
    guard path != "-" else { throw PexError(.usage, "\(option) -: '-' is not a file name") }
    for source in sources where isSameFile(source) {
      throw PexError(.usage, "\(path): is what is read, and would be overwritten by a file of another kind")
    }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard !isFolder.boolValue else { throw PexError(.cannotCreate, "\(path): expected a file, found a folder") }
      guard isFileOrLink else { throw PexError(.cannotCreate, "\(path): expected a file, found a device") }
      guard force else {
        throw PexError(
          .cannotCreate, "\(path): is there already", hint: "--force overwrites it, \(option) names another file")
      }
    }
    try checkParent()
  }

  private func checkParent() throws {
    var isFolder: ObjCBool = false
    guard let folder = AtomicFile.folder(of: path) else { return }
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw PexError(.cannotCreate, "\(path): there is no folder '\(folder)'")
    }
  }

  /// As ``check(sources:)`` for a folder.
  /// - Parameter mayGo: as in `AtomicFolder.check`.
  /// - Throws: ``PexError`` as ``check(sources:)``, and (cannotCreate) when the folder holds something else than what would
  ///   be replaced.
  public func checkFolder(sources: [String], mayGo: (String) -> Bool) throws {
    guard path != "-" else { throw PexError(.usage, "\(option) -: '-' is not a file name") }
    for source in sources {
      let folder = URL(fileURLWithPath: source).standardizedFileURL.resolvingSymlinksInPath()
        .deletingLastPathComponent()
      guard folder.path != place else {
        throw PexError(.usage, "\(path): holds \(source), which is read")
      }
    }
    try AtomicFolder.check(path, overwriting: force, mayGo: mayGo)
    try checkParent()
  }

  /// Writes a text, whole or not at all.
  /// - Throws: as `AtomicFile.write`.
  public func write(_ text: String) throws { try write(Array(text.utf8)) }

  /// Writes bytes, whole or not at all.
  /// - Throws: as `AtomicFile.write`.
  public func write(_ bytes: [UInt8]) throws {
    try AtomicFile.write(to: path, overwriting: force) { sink in
      try bytes.withUnsafeBytes { try sink.write($0) }
    }
  }

  /// Writes a text that comes piece by piece, whole or not at all.
  /// - Parameter body: is given what takes the pieces.
  /// - Returns: what `body` returns.
  /// - Throws: as `AtomicFile.write`; whatever `body` throws, and nothing is written then.
  public func writing<Result>(_ body: ((String) throws -> Void) throws -> Result) throws -> Result {
    var result: Result?
    try AtomicFile.write(to: path, overwriting: force) { sink in
      result = try body { text in try Array(text.utf8).withUnsafeBytes { try sink.write($0) } }
    }
    guard let result else { throw PexError(.defect, "\(path): nothing was written") }
    return result
  }

  private var isFileOrLink: Bool {
    let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    return type == .typeRegular || type == .typeSymbolicLink
  }

  private func isSameFile(_ other: String) -> Bool {
    let files = FileManager.default
    guard let mine = try? files.attributesOfItem(atPath: path), let theirs = try? files.attributesOfItem(atPath: other)
    else { return false }
    return mine[.systemFileNumber] as? Int == theirs[.systemFileNumber] as? Int
      && mine[.systemNumber] as? Int == theirs[.systemNumber] as? Int
  }
}
