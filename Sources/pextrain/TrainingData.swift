import PexBundle
import PexConsole
import PexData
import PexTensor
import PexTraining

/// A person's samples: with labels, without, or some of each.
struct TrainingData {
  /// The names of all classes that labels speak of.
  let classNames: [String]
  /// Labelled samples first.
  let samples: TrainingSamples
  /// What lies in their folders and is not read.
  let leftOut: [LeftOutFiles]

  /// Opens what is there.
  /// - Throws: ``PexError``: (usage) when neither is given, else as `LabelledData`.
  /// - Parameter own: how folders are taken that are named like no class of the bundle; nil to refuse them.
  init(
    labelled: String?, unlabelled: String?, for contents: BundleContents, own: OwnClasses?, pixelLimit: Int,
    _ console: Console
  ) throws {
    guard labelled != nil || unlabelled != nil else {
      throw PexError(.usage, "there are no samples: give --data, --unlabelled or both")
    }
    if labelled == nil, let folder = own?.renames.keys.min() {
      throw PexError(.usage, "--map names the class of the folder '\(folder)', but without --data no folder is a class")
    }
    let first = try labelled.map {
      try LabelledData(
        path: $0, for: contents, own: own, pixelLimit: pixelLimit,
        withoutLabels: "--unlabelled learns from pictures without labels", console)
    }
    let second = try unlabelled.map {
      var format = try contents.labelledFormat()
      format.pixelLimit = pixelLimit
      return try Dataset(path: $0, format: format, ignoresLabels: true)
    }
    second.map(console.tell)
    if let second, second.hasPictures, !(first?.dataset.hasPictures ?? false) { console.warnAboutLevels(contents) }
    classNames = first?.classNames ?? (contents.classNames ?? []) + (own?.names ?? [])
    let datasets = [first?.dataset, second].compactMap(\.self)
    samples = try TrainingSamples(datasets, for: contents)
    leftOut = datasets.map(\.leftOut)
  }
}
