import PexGraph
import PexTensor

/// Operators that take one number of whole axes.
enum ReductionOperators {
  // The axes became an input at opset 13 for sums, at 18 for the others.
  static let rows = [
    OperatorRow(op: "ReduceSum", since: 1) { try reduce($0, $1, .sum, axesInputSince: 13) },
    OperatorRow(op: "ReduceMean", since: 1) { try reduce($0, $1, .mean, axesInputSince: 18) },
    OperatorRow(op: "ReduceMax", since: 1) { try reduce($0, $1, .maximum, axesInputSince: 18) },
    OperatorRow(op: "ReduceMin", since: 1) { try reduce($0, $1, .minimum, axesInputSince: 18) },
  ]

  private static func reduce(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Reduce.Kind, axesInputSince: Int
  ) throws -> [ImportedValue] {
    let value = try node.input(0, "data")
    let x = try builder.float(value)
    let rank = builder.type(x).rank
    var axes = try node.optionalAxes(inputSince: axesInputSince, rank: rank) ?? []
    let keepsAxes = try node.flag("keepdims", default: true)
    let isNothing = try node.flag("noop_with_empty_axes", default: false)
    if axes.isEmpty {
      if isNothing || rank == 0 { return [try ConstantOperators.same(node, builder)] }
      axes = Array(0..<rank)
    }
    let reduction = Reduce(kind, axes: axes, keepsAxes: keepsAxes)
    return [.computed(try builder.emit(.reduce(reduction), [x], for: node.node))]
  }
}
