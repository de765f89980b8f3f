import Foundation
import PexTensor

/// Whether a path that the user gave leads to a folder or to something else.
enum FileKind {
  case folder
  case file

  /// - Throws: ``PexError`` (unreadable) when there is nothing.
  init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw PexError(.unreadable, "\(path): no such file or folder")
    }
    self = isFolder.boolValue ? .folder : .file
  }
}
