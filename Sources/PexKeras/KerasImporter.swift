import PexGraph
import PexTensor
import Synchronization

/// Reads Keras models into the graph of pex.
///
/// Libhdf5 was not written for hostile files: call this in a process of its own, with limits (`pexkeras`).
public enum KerasImporter {
  /// Reads the model in a file: HDF5 of any Keras from 1.2 to 3, or a `.keras` archive.
  /// - Parameters:
  ///   - architecture: a JSON file with the model's architecture, for files that hold weights alone.
  /// - Throws: ``PexError``: unreadable when a file is missing; malformed when it is damaged or ill-formed; unsupported,
  ///   naming every kind of layer that keeps it from being imported; usage when an input's shape is open and `options`
  ///   does not give it, or weights come without an architecture.
  public static func load(
    path: String, architecture: String? = nil, options: ImportOptions = ImportOptions()
  ) throws -> ImportedModel {
    try naming(path) {
      try lock.withLock { _ in try loadAlone(path: path, architecture: architecture, options: options) }
    }
  }

  /// Libhdf5 keeps its state in global variables: one model is read at a time.
  private static let lock = Mutex(())

  private static func loadAlone(
    path: String, architecture: String?, options: ImportOptions
  ) throws -> ImportedModel {
    let file = try ModelFile(path: path, architecture: architecture)
    if let error = LayerTable.unsupported(in: file.network).error { throw error }
    let isBinary = options.outputKind == nil && TrainingConfig.isBinary(file.training)
    var options = options
    options.outputKind = options.outputKind ?? TrainingConfig.outputKind(file.training)
    let reading = try NetworkImport(file, options)
    var graph = try reading.run()
    if isBinary { try takeTwoClasses(&graph) }
    return ImportedModel(
      source: .keras, graph: graph, producer: "Keras \(file.version)", operatorCounts: counts(file.network),
      warnings: reading.warnings)
  }

  /// Takes one number that was trained to tell two classes apart for what it is: a sigmoid's, or the logit of one.
  private static func takeTwoClasses(_ graph: inout Graph) throws {
    guard let output = graph.classifier?.output, graph[output].type.row == 1 else { return }
    let name = graph[output].name
    let found = try graph.findClassifier(output: name)
    graph.classifier = found?.kind == .probabilities ? found : try graph.findClassifier(output: name, kind: .logits)
  }

  /// What a file says of itself, whether it can be imported or not.
  /// - Throws: ``PexError`` as ``load(path:architecture:options:)`` for files in which there is no model.
  public static func describe(path: String, architecture: String? = nil) throws -> ModelDescription {
    try naming(path) {
      try lock.withLock { _ in
        let file = try ModelFile(path: path, architecture: architecture)
        let unsupported = LayerTable.unsupported(in: file.network)
        return ModelDescription(
          producer: "Keras \(file.version)", opset: nil,
          inputs: try ModelInputs.declared(file.network).map { name, shape in
            let extents = shape?.map { $0.map(ModelDescription.Port.Extent.fixed) ?? .open("") }
            return .init(name: name, type: DType.float32.name, extents: extents)
          },
          outputs: [], operatorCounts: counts(file.network), unsupported: unsupported,
          obstacles: [unsupported.error].compactMap(\.self))
      }
    }
  }

  /// The classes of layers that can be imported, by name.
  public static var supportedLayers: [SupportedLayer] { LayerTable.summary }

  /// The activation functions that settings can name.
  public static var supportedActivations: [String] { Activations.names }

  /// The functions of `keras.ops` and TensorFlow that can stand among layers, by their names in small letters.
  public static var supportedFunctions: [String] { Operations.names }

  private static func counts(_ network: NetworkConfig) -> [ImportedModel.OperatorCount] {
    var counts: [String: Int] = [:]
    network.forEachLayer { layer, _ in counts[Operations.name(of: layer) ?? layer.className, default: 0] += 1 }
    return counts.sorted { $0.key < $1.key }.map { .init(op: $0.key, count: $0.value) }
  }
}
