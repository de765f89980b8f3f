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
  /// - Throws: ``PexError``: (unreadable) when it is missing, (malformed) when it holds no samples, labels that the bundle
  ///   does not know, or numbers that are not finite.
  /// - Parameter own: how folders are taken that are named like no class of the bundle; nil to refuse them.
  public init(
    path: String, for contents: BundleContents, own: OwnClasses? = nil, pixelLimit: Int = Picture.defaultPixelLimit,
    _ console: Console
  ) throws {
    var format = try contents.labelledFormat()
    format.pixelLimit = pixelLimit
    let dataset = try Dataset(
      path: path, format: format, classNames: contents.labels ?? [],
      classCount: contents.trunk.classCount, own: own)
    self.dataset = dataset
    classNames = dataset.classNames.isEmpty ? contents.classNames ?? [] : dataset.classNames
    dataset.warnings.forEach(console.warn)
    if dataset.hasPictures { console.warnAboutLevels(contents) }
    guard dataset.labels.allSatisfy({ $0 != nil }) else {
      throw PexError(
        .malformed, "\(path): expected labels: a folder a class, or 'y' in an npz file, found samples without labels")
    }
  }
}
