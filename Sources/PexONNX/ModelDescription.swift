import PexGraph
import PexTensor

/// What a model file says of itself, whether it can be imported or not.
public struct ModelDescription: Sendable {
  /// An input or output as the file declares it.
  public struct Port: Hashable, Sendable {
    /// One extent.
    public enum Extent: Hashable, Sendable {
      case fixed(Int)
      /// An extent that a run decides; the file's word for it, empty where it has none.
      case open(String)
    }

    /// Its name.
    public var name: String
    /// The element type; nil when it is no tensor, or of a type that means nothing here.
    public var type: String?
    /// Extents, outermost first; nil when the file does not say how many there are.
    public var extents: [Extent]?
  }

  /// The program that wrote the file and its version; empty when the file does not say.
  public var producer: String
  /// The version of ONNX's standard operator set.
  public var opset: Int
  /// What a run is given.
  public var inputs: [Port]
  /// What a run answers with.
  public var outputs: [Port]
  /// The operators that the outputs depend on, by name.
  public var operatorCounts: [ImportedModel.OperatorCount]
  /// The operators that are not supported.
  public var unsupported: UnsupportedReport
  /// Everything that keeps the model from being imported as it is, as far as that is known: operators, then inputs.
  public var obstacles: [PexError]
}

extension ONNXImporter {
  /// What a file says of itself.
  /// - Throws: ``PexError`` when the file is missing, damaged or ill-formed.
  public static func describe(path: String) throws -> ModelDescription {
    let file = try MappedFile(path: path)
    return try naming(path) { ModelDescription(try ModelOutline(try ONNXModel(.file(file)))) }
  }
}

extension ModelDescription {
  init(_ outline: ModelOutline) {
    let model = outline.model
    producer = [model.producerName, model.producerVersion].filter { !$0.isEmpty }.joined(separator: " ")
    opset = outline.opset
    inputs = outline.inputs.map(Port.init)
    outputs = model.graph.outputs.map(Port.init)
    operatorCounts = Dictionary(outline.nodes.map { (Self.name($0), 1) }, uniquingKeysWith: +)
      .sorted { $0.key < $1.key }.map { .init(op: $0.key, count: $0.value) }
    unsupported = OperatorTable.unsupported(outline)
    obstacles = [unsupported.error].compactMap(\.self)
    do {
      // Each by itself, so that all are told.
      for input in try ModelInputs(outline, ImportOptions()).given {
        do { _ = try InputShapes([input], overrides: [:]) } catch let error as PexError { obstacles.append(error) }
      }
    } catch let error as PexError { obstacles.append(error) } catch {}
  }

  private static func name(_ node: ONNXNode) -> String { node.domain.isEmpty ? node.op : "\(node.domain).\(node.op)" }
}

extension ModelDescription.Port {
  init(_ info: ONNXValueInfo) {
    name = info.name
    type = info.elementType.flatMap { code in
      (try? ElementType(code: code)).map { type in
        type.dtype.flatMap { $0.isFloat ? $0.name : nil } ?? "\(type)"
      }
    }
    extents = info.extents?.map { extent in
      switch extent {
      case .symbol(let name): .open(name)
      case .fixed(let number): extent.isOpen ? .open("") : .fixed(number)
      }
    }
  }
}
