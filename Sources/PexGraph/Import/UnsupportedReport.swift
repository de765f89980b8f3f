import PexTensor

/// Every operator or layer that keeps a model from being imported, all at once.
public struct UnsupportedReport: Hashable, Codable, Sendable {
  /// One operator, or one kind of layer, that is not supported.
  public struct Entry: Hashable, Codable, Sendable {
    /// The operator set or package it is from; empty for the standard one.
    public var domain: String
    /// The operator's name, or the layer's class.
    public var op: String
    /// The first version of the standard operator set for which it is supported, if there is one.
    public var supportedSince: Int?
    /// The nodes that use it, in the file's order; nodes without a name have one made of operator and position.
    public var nodes: [String]

    /// An entry.
    public init(domain: String = "", op: String, supportedSince: Int? = nil, nodes: [String]) {
      self.domain = domain
      self.op = op
      self.supportedSince = supportedSince
      self.nodes = nodes
    }

    /// The name with its operator set.
    public var qualifiedName: String { domain.isEmpty ? op : "\(domain).\(op)" }
  }

  /// The model's version of ONNX's standard operator set; nil for Keras.
  public var opset: Int?
  /// The operators, by domain and name. Empty when all are supported.
  public var entries: [Entry]
  /// What to do about the first kind of operator for which there is something to do.
  public var hint: String?

  /// A report.
  public init(opset: Int? = nil, entries: [Entry], hint: String? = nil) {
    self.opset = opset
    self.entries = entries
    self.hint = hint
  }

  /// Names listed for one operator in a message; the report itself has all.
  private static let namesShown = 8

  /// The report as an error of one line, or nil when there is nothing to report.
  public var error: PexError? {
    guard !entries.isEmpty else { return nil }
    let list = entries.map { entry in
      let more = entry.nodes.count - Self.namesShown
      let names = entry.nodes.prefix(Self.namesShown).joined(separator: ", ") + (more > 0 ? ", and \(more) more" : "")
      let since = entry.supportedSince.map { ", supported from opset \($0)" } ?? ""
      return "\(entry.qualifiedName) x \(entry.nodes.count)\(since) (\(names))"
    }
    let what = opset.map { "operators not supported at opset \($0)" } ?? "layers not supported"
    return PexError(.unsupported, "\(what): \(list.joined(separator: "; "))", hint: hint)
  }
}
