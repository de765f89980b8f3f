import PexBundle
import PexGraph
import PexONNX
import PexTensor

/// A model file of any kind that pex reads, told by its content.
public enum ModelSource: Sendable {
  /// A model of another format, as imported.
  case imported(ImportedModel)
  /// A bundle, which holds a canonical graph already.
  case bundle(BundleFile)

  /// Opens a model file. Every tensor of a bundle is checked: what is converted again gets new checksums.
  /// - Throws: ``PexError``: (unreadable) when it is missing, (malformed) when it is no model or a damaged one,
  ///   (unsupported) naming every operator that is not supported, (usage) when an input's shape must be given.
  public static func open(path: String, options: ImportOptions = ImportOptions()) throws -> ModelSource {
    switch try BundleReader.kind(ofFileAt: path) {
    case .bundle:
      let bundle = try BundleFile(path: path)
      for constant in bundle.contents.trunk.constants { try bundle.verify(constant: constant) }
      for exit in bundle.contents.exits { _ = try bundle.baseHead(at: exit.exit) }
      return .bundle(bundle)
    case .head:
      throw PexError(
        .malformed, "\(path): expected a model, found personal heads",
        hint: "heads go with a bundle: pexrun BUNDLE.pex --heads \(path)")
    case .other:
      do { return .imported(try ONNXImporter.load(path: path, options: options)) } catch let error as PexError {
        let file = try MappedFile(path: path)
        let isModel = withExtendedLifetime(file) { ONNXImporter.recognises(file.bytes) }
        guard error.kind == .malformed, !isModel, file.bytes.count > 0 else { throw error }
        throw PexError(
          .malformed, "\(path): is neither a bundle, a head file nor an ONNX model that can be read (\(error.message))")
      }
    }
  }

  /// The graph as it was read.
  public var graph: Graph {
    switch self {
    case .imported(let model): model.graph
    case .bundle(let bundle): bundle.contents.trunk.graph
    }
  }
}
