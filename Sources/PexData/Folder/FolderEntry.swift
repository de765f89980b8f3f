import PexTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One thing in a folder.
struct FolderEntry {
  enum Kind {
    case file, folder
    /// Neither, for this reason.
    case other(LeftOutFiles.Reason)
  }

  let name: [UInt8]
  let path: [UInt8]
  let kind: Kind

  var isHidden: Bool { name.first == UInt8(ascii: ".") }

  /// Whether it is what systems leave in everybody's folders: no picture of anybody's, whatever it is called.
  var isLitter: Bool { Self.litter.contains(name) || name.starts(with: "._".utf8) }

  /// Of macOS, Windows, network drives and what packs archives.
  private static let litter = Set(
    [
      ".DS_Store", ".Spotlight-V100", ".Trashes", ".fseventsd", ".TemporaryItems", ".AppleDouble", ".localized",
      "Icon\r", "__MACOSX", "Thumbs.db", "ehthumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information",
      "@eaDir",
    ].map { Array($0.utf8) })

  /// What a folder holds, in the order of the names' bytes: the same for every program in every language.
  /// - Parameter isNew: told which folder it is, before it is read; false leaves it unread.
  /// - Returns: nil when the folder cannot be listed.
  static func list(_ folder: [UInt8], isNew: (FolderIdentity) -> Bool) -> [FolderEntry]? {
    guard let stream = opendir(cString(folder)) else { return nil }
    defer { closedir(stream) }
    guard let identity = FolderIdentity(descriptor: dirfd(stream)), isNew(identity) else { return [] }
    var entries: [FolderEntry] = []
    while let found = readdir(stream) {
      let name = withUnsafeBytes(of: &found.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard name != [UInt8(ascii: ".")], name != Array("..".utf8) else { continue }
      let path = folder + (folder.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]) + name
      entries.append(FolderEntry(name: name, path: path, kind: kind(found.pointee.d_type, path)))
    }
    return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  private static func kind(_ type: UInt8, _ path: [UInt8]) -> Kind {
    switch Int(type) {
    case Int(DT_REG): return .file
    case Int(DT_DIR): return .folder
    default: break
    }
    // A link is what it leads to; some file systems leave the type to be asked for.
    var status = stat()
    guard stat(cString(path), &status) == 0 else {
      return .other(errno == EACCES ? .unreadable : .brokenLink)
    }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    default: .other(.noFile)
    }
  }
}

/// Which folder it is, by whatever name it was reached.
struct FolderIdentity: Hashable {
  private let device: UInt64
  private let number: UInt64

  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }
}

/// A path's bytes as the C library takes them.
func cString(_ path: [UInt8]) -> [CChar] { path.map(CChar.init(bitPattern:)) + [0] }
