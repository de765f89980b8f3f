/// What a user may tell an importer about a model.
public struct ImportOptions: Sendable {
  /// Shapes by input name, for inputs whose extents the file leaves open. One extent fewer than the input has means that
  /// the batch is left out. The batch stays symbolic where the network allows it.
  public var inputShapes: [String: [Int]]
  /// The primary output's name; the first output of shape `[N, C]` when nil.
  public var outputName: String?
  /// What the primary output's numbers are; told by the operator that ends it when nil.
  public var outputKind: OutputKind?

  /// Options; none are needed for most models.
  public init(inputShapes: [String: [Int]] = [:], outputName: String? = nil, outputKind: OutputKind? = nil) {
    self.inputShapes = inputShapes
    self.outputName = outputName
    self.outputKind = outputKind
  }
}
