import PexGraph
import PexONNX
import PexTensor

extension ModelSource {
  /// What keeps a model from being converted, and what its file says of itself.
  public struct Obstacles: Sendable {
    /// The kind of file.
    public var source: ImportedModel.Source
    /// What the file says of itself.
    public var description: ModelDescription
    /// What stands in the way, one thing each; at least one.
    public var list: [PexError]
  }

  /// What a model that ``open(path:architecture:options:kerasReader:)`` refused is.
  /// - Parameter refusal: the error with which it was refused.
  /// - Returns: nil when the file itself is at fault, and there is nothing to describe.
  public static func obstacles(
    path: String, architecture: String? = nil, refusal: PexError, kerasReader: KerasReader = KerasReader()
  ) -> Obstacles? {
    guard [.usage, .unsupported].contains(refusal.kind), let format = try? SourceFormat(ofFileAt: path) else {
      return nil
    }
    switch format {
    case .bundle, .head: return nil
    case .keras:
      // Without its reader nothing is known of the file.
      guard let description = try? kerasReader.describe(path: path, architecture: architecture) else { return nil }
      return Obstacles(source: .keras, description: description, list: [refusal])
    case .other:
      guard architecture == nil else { return nil }
      guard let description = try? ONNXImporter.describe(path: path) else { return nil }
      var list = description.obstacles
      if !list.contains(where: { refusal.message.hasSuffix($0.message) }) { list.append(refusal) }
      return Obstacles(source: .onnx, description: description, list: list)
    }
  }
}
