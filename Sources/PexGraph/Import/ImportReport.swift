/// What a reader that runs in a process of its own says of a model beside the graph: one line of JSON in front of the
/// bytes of a bundle, which holds the graph.
public struct ImportReport: Hashable, Codable, Sendable {
  /// The version of this form that readers write and programs understand.
  public static let currentFormat = 1

  /// The version of the form.
  public var format: Int
  /// As in ``ImportedModel/producer``.
  public var producer: String
  /// As in ``ImportedModel/operatorCounts``.
  public var operatorCounts: [ImportedModel.OperatorCount]
  /// As in ``ImportedModel/warnings``.
  public var warnings: [String]
  /// What a run is given, as the file says it; nil where a model was read, whose graph says it.
  public var inputs: [ModelDescription.Port]?
  /// What keeps the model from being imported; nil when nothing does, or when that is no kind of layer.
  public var unsupported: UnsupportedReport?

  /// The report of a model that was read.
  public init(_ model: ImportedModel) {
    format = Self.currentFormat
    producer = model.producer
    operatorCounts = model.operatorCounts
    warnings = model.warnings
    inputs = nil
  }

  /// The report of a model that was not read: what the file says of itself, and the layers that are not supported.
  public init(_ description: ModelDescription) {
    format = Self.currentFormat
    producer = description.producer
    operatorCounts = description.operatorCounts
    warnings = []
    inputs = description.inputs
    unsupported = description.unsupported
  }
}
