import PexTensor

/// What a model file says of itself, whether it can be imported or not.
public struct ModelDescription: Sendable {
  /// An input or output as the file declares it.
  public struct Port: Hashable, Codable, Sendable {
    /// One extent.
    public enum Extent: Hashable, Codable, Sendable {
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

    /// An input or output.
    public init(name: String, type: String?, extents: [Extent]?) {
      (self.name, self.type, self.extents) = (name, type, extents)
    }
  }

  /// The program that wrote the file and its version; empty when the file does not say.
  public var producer: String
  /// The version of ONNX's standard operator set; nil for Keras.
  public var opset: Int?
  /// What a run is given.
  public var inputs: [Port]
  /// What a run answers with.
  public var outputs: [Port]
  /// The operators that the outputs depend on, or the layers, by name.
  public var operatorCounts: [ImportedModel.OperatorCount]
  /// The operators that are not supported.
  public var unsupported: UnsupportedReport
  /// Everything that keeps the model from being imported as it is, as far as that is known: operators, then inputs.
  public var obstacles: [PexError]

  /// A description.
  public init(
    producer: String, opset: Int?, inputs: [Port], outputs: [Port], operatorCounts: [ImportedModel.OperatorCount],
    unsupported: UnsupportedReport, obstacles: [PexError]
  ) {
    (self.producer, self.opset, self.inputs, self.outputs) = (producer, opset, inputs, outputs)
    (self.operatorCounts, self.unsupported, self.obstacles) = (operatorCounts, unsupported, obstacles)
  }
}
