import PexGraph
import PexTensor

/// Reads ONNX models into the graph of pex.
public enum ONNXImporter {
  /// Reads the model in a file.
  /// - Throws: ``PexError``: unreadable when the file is missing; malformed when it is damaged or ill-formed;
  ///   unsupported, naming every operator that keeps it from being imported; usage when an input's shape is open and
  ///   `options` does not give it, or there is no such output.
  public static func load(path: String, options: ImportOptions = ImportOptions()) throws -> ImportedModel {
    let file = try MappedFile(path: path)
    return try naming(path) { try load(.file(file), options) }
  }

  /// Reads the model in `bytes`; `name` stands in front of messages.
  /// - Throws: the same errors as ``load(path:options:)``.
  public static func load(
    bytes: [UInt8], name: String, options: ImportOptions = ImportOptions()
  ) throws -> ImportedModel {
    try naming(name) { try load(.memory(bytes), options) }
  }

  /// The operators that keep a model from being imported, for a report in full; its list is empty when there are none.
  /// - Throws: ``PexError`` when the file is missing, damaged or ill-formed.
  public static func unsupportedOperators(path: String) throws -> UnsupportedReport {
    let file = try MappedFile(path: path)
    return try naming(path) {
      OperatorTable.unsupported(try ModelOutline(try ONNXModel(.file(file))))
    }
  }

  /// Every operator that can be imported, by name.
  public static var supportedOperators: [SupportedOperator] { OperatorTable.summary }

  private static func load(_ source: ModelSource, _ options: ImportOptions) throws -> ImportedModel {
    let model = try ONNXModel(source)
    do {
      return try load(try ModelOutline(model, output: options.outputName), source, options)
    } catch let error as PexError where error.kind == .unsupported {
      // An output that somebody named needs nothing of the others.
      guard let name = options.outputName, let alone = model.answering(with: name) else { throw error }
      guard var result = try? load(try ModelOutline(alone), source, options) else { throw error }
      result.warnings.insert("outputs other than '\(name)' are left out: \(error.message)", at: 0)
      return result
    }
  }

  private static func load(
    _ outline: ModelOutline, _ source: ModelSource, _ options: ImportOptions
  ) throws -> ImportedModel {
    if let error = OperatorTable.unsupported(outline).error { throw error }
    return try GraphImport(outline, TensorReader(source: source), options).run()
  }
}

extension ONNXModel {
  /// The model with one of its outputs alone; nil when that is its only one, or none of it.
  fileprivate func answering(with output: String) -> ONNXModel? {
    guard graph.outputs.count > 1, let kept = graph.outputs.first(where: { $0.name == output }) else { return nil }
    var model = self
    model.graph.outputs = [kept]
    return model
  }
}
