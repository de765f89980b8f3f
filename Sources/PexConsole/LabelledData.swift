import PexBundle
import PexData
import PexTensor

/// Labelled samples for a bundle, from an image folder or an npz file.
public struct LabelledData {
  /// The names of all classes that labels speak of: the bundle's, then those of the person's own; else the folders'.
  public let classNames: [String]
  /// The samples with their names; all have labels.
  public let dataset: Dataset

  /// Opens a folder or a file; pictures are decoded when they are needed.
  /// - Throws: ``PexError``: (unreadable) when it is missing, (malformed) when it holds no samples, samples without labels,
  ///   labels that the bundle does not know, or numbers that are not finite; (usage) when `own` renames a folder that is not
  ///   there.
  /// - Parameters:
  ///   - own: how folders are taken that are named like no class of the bundle; nil to refuse them.
  ///   - withoutLabels: what the program does with samples without labels, as part of a hint; nil when it takes none.
  public init(
    path: String, for contents: BundleContents, own: OwnClasses? = nil, pixelLimit: Int = Picture.defaultPixelLimit,
    withoutLabels: String? = nil, _ console: Console
  ) throws {
    var format = try contents.labelledFormat()
    format.pixelLimit = pixelLimit
    let dataset = try Dataset(
      path: path, format: format, classNames: contents.labels ?? [],
      classCount: contents.trunk.classCount, own: own)
    self.dataset = dataset
    classNames = dataset.classNames.isEmpty ? contents.classNames ?? [] : dataset.classNames
    console.tell(of: dataset)
    if dataset.hasPictures { console.warnAboutLevels(contents) }
    guard dataset.labels.allSatisfy({ $0 != nil }) else { throw Self.unlabelled(dataset, path, withoutLabels) }
  }

  private static func unlabelled(_ dataset: Dataset, _ path: String, _ otherwise: String?) -> PexError {
    let others = otherwise.map { "; \($0)" } ?? ""
    guard dataset.isFolder else {
      return PexError(.malformed, "\(path): expected labels as 'y' beside 'x', found 'x' alone", hint: otherwise)
    }
    let (count, isOne) = (dataset.count, dataset.count == 1)
    return PexError(
      .malformed,
      "\(path): expected a folder a class, found \(count) \(isOne ? "sample" : "samples") and no folder that holds any",
      hint: "put pictures into a folder a class: FOLDER/CLASS/picture.jpg\(others)")
  }
}

extension Console {
  /// Says what the user should know of samples: what is not read, and how folders are taken.
  public func tell(of dataset: Dataset) {
    dataset.warnings.forEach(warn)
    dataset.remarks.forEach(progress)
  }
}
