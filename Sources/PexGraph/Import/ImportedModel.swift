/// A model that was read, before any pass.
public struct ImportedModel: Sendable {
  /// The kind of file it was read from.
  public enum Source: String, Sendable {
    case onnx, keras
  }

  /// How often the file uses an operator or a class of layers.
  public struct OperatorCount: Hashable, Codable, Sendable {
    /// The operator's name in the file.
    public var op: String
    /// The number of nodes.
    public var count: Int

    /// A count.
    public init(op: String, count: Int) {
      self.op = op
      self.count = count
    }
  }

  /// The kind of file.
  public var source: Source
  /// The network. Floating-point numbers are f32 whatever the file stores; the classifier is set.
  public var graph: Graph
  /// The program that wrote the file and its version; empty when the file does not say.
  public var producer: String
  /// The version of ONNX's standard operator set that the file uses; nil for Keras.
  public var opset: Int?
  /// The operators or classes of layers that the file's outputs depend on, by name.
  public var operatorCounts: [OperatorCount]
  /// What the user should know though the import succeeded, one sentence each.
  public var warnings: [String]

  /// A model.
  public init(
    source: Source, graph: Graph, producer: String, opset: Int? = nil, operatorCounts: [OperatorCount],
    warnings: [String]
  ) {
    self.source = source
    self.graph = graph
    self.producer = producer
    self.opset = opset
    self.operatorCounts = operatorCounts
    self.warnings = warnings
  }
}
