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
  /// What keeps the model from being imported; nil when nothing does.
  public var unsupported: UnsupportedReport?

  /// The report of a model that was read.
  public init(_ model: ImportedModel) {
    format = Self.currentFormat
    producer = model.producer
    operatorCounts = model.operatorCounts
    warnings = model.warnings
  }

  /// The report of a model that holds layers which are not supported.
  public init(unsupported: UnsupportedReport) {
    format = Self.currentFormat
    producer = ""
    operatorCounts = []
    warnings = []
    self.unsupported = unsupported
  }
}
