import PexGraph
import PexTensor

/// One row of the operator table: what to do with an operator from one version of the standard operator set on.
struct OperatorRow: Sendable {
  /// Turns one node into nodes of the graph, or into known numbers; gives the values of its first outputs.
  typealias Function = @Sendable (NodeReader, GraphBuilder) throws -> [ImportedValue]

  let op: String
  /// The first operator set version with these attributes and inputs.
  let since: Int
  /// What of this form cannot be imported: one sentence for the table that people read.
  var limit: String?
  let function: Function
}

/// All operators that can be imported, by families. For a node the highest row not above the model's operator set wins.
enum OperatorTable {
  /// The rows of all families.
  static let rows: [OperatorRow] =
    ConvolutionOperators.rows + PoolingOperators.rows + NormalizationOperators.rows + ActivationOperators.rows
    + OwnStatisticsOperators.rows + ArithmeticOperators.rows + ProductOperators.rows + LayoutOperators.rows
    + SelectionOperators.rows + PaddingOperators.rows + ResizeOperators.rows + ReductionOperators.rows
    + QuantizationOperators.rows + ConstantOperators.rows + LogicOperators.rows + ShapeOperators.rows
    + RecurrentOperators.rows + IntegerOperators.rows + TriangleOperators.rows + EinsumOperator.rows

  private static let byName = Dictionary(grouping: rows, by: \.op).mapValues { $0.sorted { $0.since < $1.since } }

  /// What to do with an operator at an operator set version, or nil when it is not supported there.
  static func row(_ op: String, opset: Int) -> OperatorRow? { byName[op]?.last { $0.since <= opset } }

  /// The operator set versions from which an operator has a row, ascending.
  static func versions(of op: String) -> [Int] { byName[op]?.map(\.since) ?? [] }

  /// Every operator with its versions and limits, by name. A limit that several versions share is told once.
  static var summary: [SupportedOperator] {
    byName.keys.sorted().map { op in
      var limits: [String] = []
      for case let limit? in byName[op, default: []].map(\.limit) where !limits.contains(limit) { limits.append(limit) }
      return SupportedOperator(op: op, since: versions(of: op), limits: limits)
    }
  }

  /// Which of a model's needed nodes cannot be imported.
  static func unsupported(_ outline: ModelOutline) -> UnsupportedReport {
    let opset = outline.opset
    struct Key: Hashable { var domain, op: String }
    var names: [Key: [String]] = [:]
    for node in outline.nodes.flatMap({ unsupported($0, opset: opset) }) {
      names[Key(domain: node.domain, op: node.op), default: []].append(node.name)
    }
    let keys = names.keys.sorted { ($0.domain, $0.op) < ($1.domain, $1.op) }
    let entries = keys.map { key in
      UnsupportedReport.Entry(
        domain: key.domain, op: key.op, supportedSince: key.domain.isEmpty ? versions(of: key.op).first : nil,
        nodes: names[key] ?? [])
    }
    guard !entries.isEmpty else { return UnsupportedReport(opset: opset, entries: []) }
    return UnsupportedReport(
      opset: opset, entries: entries, hint: UnsupportedReport.hint(for: entries) ?? NetworkCut(outline).hint)
  }

  /// Whether a node can be imported.
  static func isSupported(_ node: ONNXNode, opset: Int) -> Bool { unsupported(node, opset: opset).isEmpty }

  /// The node itself when it cannot be imported. Of an `If` one branch is taken: when none can be imported, the nodes
  /// that keep them from it.
  private static func unsupported(_ node: ONNXNode, opset: Int) -> [ONNXNode] {
    let opset = node.opset ?? opset
    if let branches = node.branches {
      let found = branches.map { $0.nodes.flatMap { unsupported($0, opset: opset) } }
      guard !found.contains(where: \.isEmpty) else { return [] }
      return found.flatMap { $0 }.map { inner in
        var inner = inner
        inner.name = "\(node.name)/\(inner.name)"
        return inner
      }
    }
    return node.domain.isEmpty && row(node.op, opset: opset) != nil ? [] : [node]
  }
}
