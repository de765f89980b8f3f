import PexTensor

/// What a user may tell an importer about a model.
public struct ImportOptions: Sendable {
  /// Shapes by input name, for inputs whose extents the file leaves open. One extent fewer than the input has means that
  /// the batch is left out. The batch stays symbolic where the network allows it.
  public var inputShapes: [String: [Int]]
  /// Inputs that are fixed to numbers and so are none any more, by name.
  public var inputValues: [String: InputValue]
  /// How arrays for inputs of four axes lie in an ONNX model; nil lets the network tell.
  public var layout: InputLayout?
  /// The primary output's name; the first output of shape `[N, C]` when nil.
  public var outputName: String?
  /// What the primary output's numbers are; told by the operator that ends it when nil.
  public var outputKind: OutputKind?

  /// Options; none are needed for most models.
  public init(
    inputShapes: [String: [Int]] = [:], inputValues: [String: InputValue] = [:], layout: InputLayout? = nil,
    outputName: String? = nil, outputKind: OutputKind? = nil
  ) {
    self.inputShapes = inputShapes
    self.inputValues = inputValues
    self.layout = layout
    self.outputName = outputName
    self.outputKind = outputKind
  }
}

/// What an input is fixed to.
public enum InputValue: Sendable {
  /// One number for all elements, or one for each in row-major order.
  case numbers([Double])
  /// The whole input.
  case array(Tensor)
}
