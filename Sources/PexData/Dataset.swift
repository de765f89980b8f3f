import PexBundle
import PexTensor

/// Samples for training or evaluation, from a folder or an archive. Nothing is decoded before it is asked for.
public struct Dataset: Sendable {
  /// One sample, ready for the model.
  public struct Sample: Sendable {
    /// Where it came from, for messages: a path, or `FILE[INDEX]`.
    public let name: String
    /// float32 `[1, C, H, W]`.
    public let tensor: Tensor
    /// The index of its class in the model's class list; nil without a label.
    public let label: Int?
  }

  /// The class of every sample, in order, as ``Sample/label``; known without decoding anything.
  public let labels: [Int?]
  /// The names of all classes that ``labels`` speak of: the model's, then those of the person's own; empty where nobody names
  /// any.
  public let classNames: [String]
  /// What the user should know: one line each.
  public let warnings: [String]
  /// What the user may like to know, one line each: nothing is lost by not reading it.
  public let remarks: [String]
  /// What lies in the folder and is not read.
  public let leftOut: LeftOutFiles
  /// Whether the samples lie in a folder.
  public let isFolder: Bool
  /// The most pixels of a picture that is decoded.
  var pixelLimit: Int { format.pixelLimit }
  private let format: SampleFormat
  private let source: Source

  private enum Source: Sendable {
    case files([SamplePath])
    /// `x` is `[N, C, H, W]`, `[N, H, W, C]` or whatever else the format says.
    case archive(path: String, x: Tensor)
  }

  /// The number of samples; at least 1.
  public var count: Int { labels.count }

  /// Opens a folder (see ``ImageFolder``) or an .npz archive with `x` `[N, C, H, W]`, or what else the model takes, and, for
  /// labelled samples, `y` `[N]` of class indices. In `x`, u8 numbers are levels and are treated as a picture's; all others are used as they are.
  /// - Parameters:
  ///   - classNames: the bundle's labels; empty when it has none.
  ///   - classCount: the number of classes of the model; nil when it has no classifier.
  ///   - own: how folders are taken that are named like no class of the model; nil to refuse them.
  ///   - ignoresLabels: takes all samples as unlabelled, whatever folders they lie in.
  /// - Throws: ``PexError`` (unreadable) when `path` cannot be opened; (malformed) when folders, shapes, numbers or
  ///   labels are unsound; (usage) when `own` renames a folder that is not there.
  public init(
    path: String, format: SampleFormat, classNames: [String] = [], classCount: Int? = nil, own: OwnClasses? = nil,
    ignoresLabels: Bool = false
  ) throws {
    let known = classNames.isEmpty ? (0..<(classCount ?? 0)).map(String.init) : classNames
    try format.preprocessing.validate(channels: format.channels)
    self.format = format
    isFolder = try FileKind(path) == .folder
    if isFolder {
      let folder = try ImageFolder(path: path, ignoresLabels: ignoresLabels)
      (leftOut, remarks) = (folder.leftOut, [folder.remark].compactMap(\.self))
      source = .files(folder.samples.map(\.path))
      guard !ignoresLabels, !folder.classes.isEmpty else {
        labels = folder.samples.map { _ in nil }
        try naming(path) { try own?.requireFolders(among: folder.folders) }
        (self.classNames, warnings) = (known + (own?.names ?? []), folder.warnings)
        return
      }
      let mapping = try naming(path) {
        try LabelMapping(
          folders: folder.classes, among: folder.folders, labels: classNames, classCount: classCount, own: own)
      }
      labels = folder.samples.map { $0.label.map { mapping.indices[$0] } }
      (self.classNames, warnings) = (mapping.names, folder.warnings + mapping.warnings)
    } else {
      try naming(path) { try own?.requireFolders(among: []) }
      (leftOut, remarks) = (LeftOutFiles(), [])
      let archive = try SampleArchive(
        path: path, format: format, classCount: classNames.isEmpty ? classCount : classNames.count,
        ignoresLabels: ignoresLabels)
      source = .archive(path: path, x: archive.x)
      labels = archive.labels
      (self.classNames, warnings) = (known + (own?.names ?? []), [])
    }
  }

  /// By what a cache knows a sample again: nothing is decoded for it.
  /// - Parameter preprocessing: the digest of what decoding does.
  /// - Throws: as ``sample(_:)``, but for what cannot be decoded.
  public func digest(_ index: Int, preprocessing: Digest) throws -> Digest {
    guard labels.indices.contains(index) else {
      throw PexError(.defect, "sample \(index) of \(count) was asked for")
    }
    switch source {
    case .files(let paths):
      return try fileBytes(path: paths[index]).withUnsafeBytes {
        Digest(encoded: $0, kind: "file", preprocessing: preprocessing)
      }
    case .archive(_, let x):
      let size = x.byteCount / count
      return x.withBytes { bytes in
        let part = UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size])
        return Digest(encoded: part, kind: x.dtype.name, preprocessing: preprocessing)
      }
    }
  }

  /// Where a sample came from, for messages; see ``Sample/name``. `index` must be below ``count``.
  public func name(_ index: Int) -> String {
    switch source {
    case .files(let paths): paths[index].description
    case .archive(let path, _): "\(path)[\(index)]"
    }
  }

  /// The file that holds nothing but this sample, if there is one. `index` must be below ``count``.
  func file(_ index: Int) -> SamplePath? {
    if case .files(let paths) = source { paths[index] } else { nil }
  }

  /// Whether a sample is a picture in a file of its own, by the file's name. `index` must be below ``count``.
  public func isPicture(_ index: Int) -> Bool {
    switch source {
    case .files(let paths): SampleSuffix(paths[index].bytes) != .npy
    case .archive: false
    }
  }

  /// Whether any sample is a picture.
  public var hasPictures: Bool { format.takesPictures && (0..<count).contains(where: isPicture) }

  /// Sample number `index`, decoded now.
  /// - Throws: ``PexError`` (malformed, unreadable) naming the sample when it cannot be decoded; (defect) when there
  ///   is no such sample.
  public func sample(_ index: Int) throws -> Sample {
    guard labels.indices.contains(index) else {
      throw PexError(.defect, "sample \(index) of \(count) was asked for")
    }
    switch source {
    case .files(let paths):
      return Sample(name: name(index), tensor: try format.load(paths[index]), label: labels[index])
    case .archive(_, let x):
      let size = x.byteCount / count
      let tensor = try x.withBytes { bytes in
        let part = UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size])
        return try format.sample(dtype: x.dtype, bytes: part)
      }
      return Sample(name: name(index), tensor: tensor, label: labels[index])
    }
  }
}
