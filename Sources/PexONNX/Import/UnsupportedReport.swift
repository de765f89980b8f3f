import PexTensor

/// Every operator that keeps a model from being imported, all at once.
public struct UnsupportedReport: Hashable, Codable, Sendable {
  /// One operator that is not supported.
  public struct Entry: Hashable, Codable, Sendable {
    /// The operator set it is from; empty for the standard one.
    public var domain: String
    /// The operator's name.
    public var op: String
    /// The first version of the standard operator set for which it is supported, if there is one.
    public var supportedSince: Int?
    /// The nodes that use it, in the file's order; nodes without a name have one made of operator and position.
    public var nodes: [String]

    /// The name with its operator set.
    public var qualifiedName: String { domain.isEmpty ? op : "\(domain).\(op)" }
  }

  /// The model's version of the standard operator set.
  public var opset: Int
  /// The operators, by domain and name. Empty when all are supported.
  public var entries: [Entry]

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
    return PexError(
      .unsupported, "operators not supported at opset \(opset): \(list.joined(separator: "; "))", hint: hint)
  }

  /// What to do about the first kind of operator for which there is something to do.
  private var hint: String? {
    if entries.contains(where: { $0.domain.hasPrefix("com.microsoft") }) {
      return "export the model again without optimisation: fused operators of onnxruntime are not part of ONNX"
    }
    if entries.contains(where: { $0.domain == "org.pytorch.aten" || $0.op == "ATen" }) {
      return "export the model again without ATen fallback: operators of torch itself are not part of ONNX"
    }
    if entries.contains(where: { $0.domain == "ai.onnx.ml" }) {
      return "save the network without the pre- or postprocessing of classical machine learning around it"
    }
    if entries.contains(where: { $0.domain.isEmpty && ["Loop", "Scan"].contains($0.op) }) {
      return "a network with loops is not a CNN of fixed depth: export it for inference, with its loops unrolled"
    }
    if entries.contains(where: { $0.supportedSince != nil }) { return "export the model again with a newer opset" }
    if let other = entries.first(where: { !$0.domain.isEmpty }) {
      return "operators of '\(other.domain)' are not part of ONNX: export the model without them, or with functions "
        + "that say what they do"
    }
    return nil
  }
}
