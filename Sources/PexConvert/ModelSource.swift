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
  /// - Parameters:
  ///   - architecture: a JSON file with the architecture, for Keras files that hold weights alone.
  ///   - kerasReader: how Keras files are read.
  /// - Throws: ``PexError``: (unreadable) when it is missing, (malformed) when it is no model or a damaged one,
  ///   (unsupported) naming every operator or layer that is not supported, (usage) when an input's shape or the
  ///   architecture must be given, or is given to a model of another kind.
  public static func open(
    path: String, architecture: String? = nil, options: ImportOptions = ImportOptions(),
    kerasReader: KerasReader = KerasReader()
  ) throws -> ModelSource {
    let format = try SourceFormat(ofFileAt: path)
    guard format == .keras || architecture == nil else {
      throw PexError(.usage, "--architecture goes with a Keras file of weights, which \(path) is not")
    }
    switch format {
    case .bundle: return .bundle(try checkedBundle(path))
    case .head:
      throw PexError(
        .malformed, "\(path): expected a model, found personal heads",
        hint: "heads go with a bundle: pexrun BUNDLE.pex --heads \(path)")
    case .keras: return .imported(try kerasReader.load(path: path, architecture: architecture, options: options))
    case .other: return .imported(try onnxModel(path, options))
    }
  }

  /// Every operator or layer that keeps a model from being imported.
  /// - Throws: ``PexError`` as ``open(path:architecture:options:kerasReader:)``.
  public static func unsupported(
    path: String, architecture: String? = nil, kerasReader: KerasReader = KerasReader()
  ) throws -> UnsupportedReport {
    switch try SourceFormat(ofFileAt: path) {
    case .bundle, .head: UnsupportedReport(entries: [])
    case .keras: try kerasReader.describe(path: path, architecture: architecture).unsupported
    case .other: try ONNXImporter.unsupportedOperators(path: path)
    }
  }

  private static func checkedBundle(_ path: String) throws -> BundleFile {
    let bundle = try BundleFile(path: path)
    for constant in bundle.contents.trunk.constants { try bundle.verify(constant: constant) }
    for exit in bundle.contents.exits { _ = try bundle.baseHead(at: exit.exit) }
    return bundle
  }

  private static func onnxModel(_ path: String, _ options: ImportOptions) throws -> ImportedModel {
    do { return try ONNXImporter.load(path: path, options: options) } catch let error as PexError {
      let file = try MappedFile(path: path)
      let isModel = withExtendedLifetime(file) { ONNXImporter.recognises(file.bytes) }
      guard error.kind == .malformed, !isModel, file.bytes.count > 0 else { throw error }
      throw PexError(
        .malformed,
        "\(path): is neither a bundle, a head file, a Keras file nor an ONNX model that can be read (\(error.message))")
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
