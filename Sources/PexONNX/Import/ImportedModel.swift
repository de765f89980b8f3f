import PexGraph

/// A model that was read, before any pass.
public struct ImportedModel: Sendable {
  /// How often the file uses an operator.
  public struct OperatorCount: Hashable, Sendable {
    /// The operator's name in the file.
    public var op: String
    /// The number of nodes.
    public var count: Int
  }

  /// The network. Floating-point numbers are f32 whatever the file stores; the classifier is set.
  public var graph: Graph
  /// The program that wrote the file; empty when the file does not say.
  public var producerName: String
  /// That program's version; empty when the file does not say.
  public var producerVersion: String
  /// The version of the standard operator set that the file uses.
  public var opset: Int
  /// The operators of the file that its outputs depend on, by name.
  public var operatorCounts: [OperatorCount]
  /// What the user should know though the import succeeded, one sentence each.
  public var warnings: [String]
}
