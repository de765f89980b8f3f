import Foundation
import PexTensor

/// Where a program writes: what the user asked for, or the input's name with another suffix in the current folder.
public struct OutputPath: Sendable {
  /// The path.
  public let path: String
  private let force: Bool

  /// The path that the user wants, or the one that follows from the input.
  public init(wanted: String?, input: String, suffix: String, force: Bool) {
    let name = ((input as NSString).lastPathComponent as NSString).deletingPathExtension
    path = wanted ?? "\(name).\(suffix)"
    self.force = force
  }

  /// Whether an existing file may be overwritten.
  public var overwrites: Bool { force }

  /// Checks early, before any work, that the file may be written.
  /// - Parameter sources: files that are read and of another kind than what is written: they are never overwritten.
  /// - Throws: ``PexError``: (usage) for `-` or a source, (cannotCreate) when it exists and is not to be overwritten, or its
  ///   folder does not exist.
  public func check(sources: [String] = []) throws {
    guard path != "-" else { throw PexError(.usage, "-o -: '-' is not a file name") }
    for source in sources where isSameFile(source) {
      throw PexError(.usage, "\(path): is what is read, and would be overwritten by a file of another kind")
    }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      guard !isFolder.boolValue else { throw PexError(.cannotCreate, "\(path): expected a file, found a folder") }
      guard force else {
        throw PexError(.cannotCreate, "\(path): is there already", hint: "--force overwrites it, -o names another file")
      }
    }
    let folder = (path as NSString).deletingLastPathComponent
    guard folder.isEmpty || FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder),
      folder.isEmpty || isFolder.boolValue
    else { throw PexError(.cannotCreate, "\(path): there is no folder '\(folder)'") }
  }

  private func isSameFile(_ other: String) -> Bool {
    let files = FileManager.default
    guard let mine = try? files.attributesOfItem(atPath: path), let theirs = try? files.attributesOfItem(atPath: other)
    else { return false }
    return mine[.systemFileNumber] as? Int == theirs[.systemFileNumber] as? Int
      && mine[.systemNumber] as? Int == theirs[.systemNumber] as? Int
  }
}
