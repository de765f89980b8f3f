/// A file with one sample, and the class that it belongs to.
public struct LabelledSample: Hashable, Sendable {
  /// The path of a picture or a .npy file.
  public let path: SamplePath
  /// The class: an index into the class names that come with the sample; nil without one.
  public let label: Int?

  /// A sample in the file at `path`.
  public init(path: SamplePath, label: Int?) {
    self.path = path
    self.label = label
  }
}
