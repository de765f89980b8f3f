import PexTensor

/// The samples in a folder and in all folders below it, folder by folder in the order of the names' bytes.
struct FolderScan {
  private(set) var samples: [SamplePath] = []
  private(set) var leftOut = LeftOutFiles()
  /// Folders that were read, so that links in a circle come to an end and nothing counts twice.
  private var seen: Set<FolderIdentity>
  /// What is still to be looked at, last first.
  private var pending: [FolderEntry] = []

  /// Reads some things that lie in a folder.
  /// - Parameter outer: folders around them, which no link may lead back to.
  init(_ entries: [FolderEntry], within outer: Set<FolderIdentity>) {
    seen = outer
    pending = entries.reversed()
    while let entry = pending.popLast() { add(entry) }
  }

  private mutating func add(_ entry: FolderEntry) {
    switch entry.kind {
    case .folder where entry.isLitter: leftOut.add(SamplePath(bytes: entry.path).description + "/", .system)
    case _ where entry.isLitter: leftOut.add(SamplePath(bytes: entry.path).description, .system)
    case .other(let reason): leftOut.add(SamplePath(bytes: entry.path).description, reason)
    case .folder where entry.isHidden: leftOut.add(SamplePath(bytes: entry.path).description + "/", .hidden)
    case .folder: descend(entry.path)
    case .file:
      let path = SamplePath(bytes: entry.path)
      guard SampleSuffix(entry.name) != nil else {
        // Any name will do for a picture; what is hidden and not called one is somebody's setting.
        return entry.isHidden ? leftOut.add(path.description, .system) : sniff(path)
      }
      if entry.isHidden { leftOut.add(path.description, .hidden) } else { samples.append(path) }
    }
  }

  /// Takes a file whose name says nothing by its content.
  private mutating func sniff(_ path: SamplePath) {
    guard let start = path.firstBytes(SampleKind.telling) else { return leftOut.add(path.description, .unreadable) }
    if SampleKind(start) != nil { samples.append(path) } else { leftOut.add(path.description, .noPicture) }
  }

  private mutating func descend(_ folder: [UInt8]) {
    var isNew = true
    let entries = FolderEntry.list(folder) {
      isNew = seen.insert($0).inserted
      return isNew
    }
    guard let entries else { return leftOut.add(SamplePath(bytes: folder).description + "/", .unreadable) }
    guard isNew else { return leftOut.add(SamplePath(bytes: folder).description + "/", .folderAgain) }
    pending += entries.reversed()
  }
}
