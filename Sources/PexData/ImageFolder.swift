import PexTensor

/// The samples in a folder: `FOLDER/CLASS/…/FILE`, or files that no class folder holds.
///
/// Folders are read at any depth: what lies below a class folder, however deep, is of that class. A sample is a regular file,
/// or a link to one, that is called a picture or an array by its suffix, or is one by its first bytes. What is not read is
/// counted in ``leftOut``; what systems leave in every folder (`.DS_Store`, `Thumbs.db`, `._*`, `@eaDir`, `__MACOSX`) is not.
public struct ImageFolder: Sendable {
  /// The folder, as given.
  public let path: String
  /// The names of the class folders, sorted by their bytes; empty when the folder is flat, or labels are not asked for.
  public let classes: [String]
  /// The samples, class by class, sorted by the bytes of their names; labels index ``classes``.
  public let samples: [LabelledSample]
  /// What is not read.
  public let leftOut: LeftOutFiles

  /// Lists the folder. Class folders without any files count as classes.
  /// - Parameter ignoresLabels: takes all samples as unlabelled, in whatever folders they lie.
  /// - Throws: ``PexError`` (unreadable) when the folder cannot be listed; (malformed) when it holds no samples, samples both
  ///   beside and in class folders, or a class folder with files of which none is a sample.
  public init(path: String, ignoresLabels: Bool = false) throws {
    let place = SamplePath(argument: path)
    let path = place.description
    self.path = path
    var outer: Set<FolderIdentity> = []
    let entries = FolderEntry.list(place.bytes) { outer.insert($0).inserted }
    guard let entries else { throw PexError(.unreadable, "\(path): the folder cannot be listed") }
    if ignoresLabels {
      let all = FolderScan(entries, within: outer)
      (classes, leftOut) = ([], all.leftOut)
      samples = all.samples.map { LabelledSample(path: $0, label: nil) }
    } else {
      let folders = entries.filter(\.isClass)
      let loose = FolderScan(entries.filter { !$0.isClass }, within: outer)
      let classed = folders.map { FolderScan([$0], within: outer) }
      (classes, samples) = try Self.labelled(
        loose.samples, zip(folders, classed).map { (SamplePath(bytes: $0.name).description, $1) }, path)
      leftOut = classed.reduce(into: loose.leftOut) { $0.add($1.leftOut) }
    }
    guard !samples.isEmpty else {
      let found = leftOut.summary.map { ": \($0)" } ?? ""
      throw PexError(.malformed, "\(path): no pictures or .npy arrays in the folder\(found)")
    }
  }

  /// What the user should know about files that are not read, in one line; nil when all are.
  public var warning: String? {
    leftOut.summary.map {
      "\(path): \(leftOut.count) \(leftOut.count == 1 ? "entry is" : "entries are") left out: \($0)"
    }
  }

  private static func labelled(
    _ loose: [SamplePath], _ folders: [(name: String, scan: FolderScan)], _ path: String
  ) throws -> (classes: [String], samples: [LabelledSample]) {
    let classed = folders.enumerated().flatMap { label, folder in
      folder.scan.samples.map { LabelledSample(path: $0, label: label) }
    }
    guard !classed.isEmpty else { return ([], loose.map { LabelledSample(path: $0, label: nil) }) }
    guard loose.isEmpty else {
      throw PexError(.malformed, "\(path): \(loose.count) samples lie beside the class folders, expected none")
    }
    let lost = folders.filter { $0.scan.samples.isEmpty && $0.scan.leftOut.count > 0 }
    if let first = lost.first, let reasons = first.scan.leftOut.summary {
      let others = lost.count > 1 ? " (and \(lost.count - 1) more such folders)" : ""
      throw PexError(
        .malformed, "\(path): the class folder '\(first.name)' holds no picture: \(reasons)\(others)",
        hint: "give it pictures, or move it elsewhere: every folder here stands for a class")
    }
    return (folders.map(\.name), classed)
  }
}

extension FolderEntry {
  /// Whether it may stand for a class.
  fileprivate var isClass: Bool { if case .folder = kind { !isHidden } else { false } }
}
