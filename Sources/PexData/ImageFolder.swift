import PexTensor

/// The samples in a folder: `FOLDER/CLASS/…/FILE`, or files that no class folder holds.
///
/// Folders are read at any depth: what lies below a class folder, however deep, is of that class. A sample is a regular file,
/// or a link to one, that is called a picture or an array by its suffix, or is one by its first bytes. Whatever else is there
/// is counted in ``leftOut``, samples beside class folders included: phones and cameras put some everywhere.
public struct ImageFolder: Sendable {
  /// The folder, as given.
  public let path: String
  /// The names of the class folders that hold samples, sorted by their bytes; empty when there are none, or labels are not
  /// asked for.
  public let classes: [String]
  /// The names of all folders that could have been classes, sorted by their bytes: ``classes``, and those that are empty.
  public let folders: [String]
  /// The samples, class by class, sorted by the bytes of their names; labels index ``classes``.
  public let samples: [LabelledSample]
  /// What is not read.
  public let leftOut: LeftOutFiles

  /// Lists the folder.
  /// - Parameter ignoresLabels: takes all samples as unlabelled, in whatever folders they lie.
  /// - Throws: ``PexError`` (unreadable) when the folder cannot be listed; (malformed) when it holds no samples, or a class
  ///   folder with files of which none is a sample.
  public init(path: String, ignoresLabels: Bool = false) throws {
    let place = SamplePath(argument: path)
    let path = place.description
    self.path = path
    var outer: Set<FolderIdentity> = []
    let entries = FolderEntry.list(place.bytes) { outer.insert($0).inserted }
    guard let entries else { throw PexError(.unreadable, "\(path): the folder cannot be listed") }
    if ignoresLabels {
      let all = FolderScan(entries, within: outer)
      (classes, folders, leftOut) = ([], [], all.leftOut)
      samples = all.samples.map { LabelledSample(path: $0, label: nil) }
    } else {
      let loose = FolderScan(entries.filter { !$0.isClass }, within: outer)
      let classed = entries.filter(\.isClass).map { folder in
        (name: SamplePath(bytes: folder.name).description, scan: FolderScan([folder], within: outer))
      }
      try Self.requirePictures(classed, path)
      let full = classed.filter { !$0.scan.samples.isEmpty }
      classes = full.map(\.name)
      folders = classed.filter { !$0.scan.samples.isEmpty || $0.scan.leftOut.missed == 0 }.map(\.name)
      samples =
        full.isEmpty
        ? loose.samples.map { LabelledSample(path: $0, label: nil) }
        : full.enumerated().flatMap { label, folder in
          folder.scan.samples.map { LabelledSample(path: $0, label: label) }
        }
      var leftOut = loose.leftOut
      if !full.isEmpty { for sample in loose.samples { leftOut.add(sample.description, .besideClasses) } }
      for folder in classed { leftOut.add(folder.scan.leftOut) }
      self.leftOut = leftOut
    }
    guard !samples.isEmpty else {
      let found = [leftOut.summary, emptyFolders].compactMap(\.self).map { ": \($0)" }.joined()
      throw PexError(.malformed, "\(path): no pictures or .npy arrays in the folder\(found)")
    }
  }

  /// What the user should know about what is not read, one line each; empty when everything is.
  public var warnings: [String] {
    [leftOut.missed > 0 ? leftOut.sentence : nil, emptyFolders].compactMap(\.self).map { "\(path): \($0)" }
  }

  /// A word about what nobody misses, where that is all that is not read; else it is told among ``warnings``.
  public var remark: String? {
    leftOut.missed > 0 ? nil : leftOut.sentence.map { "\(path): \($0)" }
  }

  /// Which folders stand for no class, since nothing is in them; nil when there are none.
  private var emptyFolders: String? {
    let full = Set(classes)
    let empty = folders.filter { !full.contains($0) }
    guard !empty.isEmpty else { return nil }
    let (are, make) = empty.count == 1 ? ("1 folder is", "makes") : ("\(empty.count) folders are", "make")
    return "\(are) empty and \(make) no class: \(list(names: empty))"
  }

  /// - Throws: ``PexError`` (malformed) naming the first class folder of which everything would be left out: a class would
  ///   vanish that somebody has taken pictures of.
  private static func requirePictures(_ folders: [(name: String, scan: FolderScan)], _ path: String) throws {
    guard folders.contains(where: { !$0.scan.samples.isEmpty }) else { return }
    let lost = folders.filter { $0.scan.samples.isEmpty && $0.scan.leftOut.missed > 0 }
    guard let first = lost.first, let reasons = first.scan.leftOut.summary else { return }
    let others = lost.count > 1 ? " (and \(lost.count - 1) more such folders)" : ""
    throw PexError(
      .malformed, "\(path): the class folder '\(first.name.visible)' holds no picture: \(reasons)\(others)",
      hint: "give it pictures, or move it elsewhere: every folder here stands for a class")
  }
}

extension FolderEntry {
  /// Whether it may stand for a class.
  fileprivate var isClass: Bool { if case .folder = kind { !isHidden && !isLitter } else { false } }
}
