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
    OperatorRow(op: "ReduceProd", since: 1) { try reduce($0, $1, .product, axesInputSince: 18) },
    OperatorRow(op: "ReduceL2", since: 1) { try reduce($0, $1, .norm, axesInputSince: 18) },
    OperatorRow(op: "ReduceL1", since: 1) { try reduce($0, $1, .sum, axesInputSince: 18, of: .absolute) },
    OperatorRow(op: "ReduceSumSquare", since: 1) { try reduce($0, $1, .sum, axesInputSince: 18, ofSquares: true) },
    OperatorRow(op: "ArgMax", since: 1, function: argMax),
  ]

  private static func reduce(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Reduce.Kind, axesInputSince: Int, of inner: Unary.Kind? = nil,
    ofSquares: Bool = false
  ) throws -> [ImportedValue] {
    let value = try node.input(0, "data")
    let rank = try Reshaping.dimensions(of: value, builder).count
    var axes = try node.optionalAxes(inputSince: axesInputSince, rank: rank) ?? []
    let keepsAxes = try node.flag("keepdims", default: true)
    let isNothing = try node.flag("noop_with_empty_axes", default: false)
    if axes.isEmpty {
      if isNothing || rank == 0 {
        guard ofSquares else { return [try ConstantOperators.same(node, builder)] }
        let x = try builder.float(value)
        return [.computed(try builder.emit(.binary(Binary(.multiply)), [x, x], for: node.node))]
      }
      axes = Array(0..<rank)
    }
    if case .integers(let known) = value, !ofSquares {
      return [.integers(try folded(kind, known, axes, keepsAxes: keepsAxes))]
    }
    var x = try builder.float(value)
    if let inner { x = try builder.emit(.unary(Unary(inner)), [x], for: node.node, suffix: ".\(inner)") }
    if ofSquares { x = try builder.emit(.binary(Binary(.multiply)), [x, x], for: node.node, suffix: ".square") }
    let reduction = Reduce(kind, axes: axes, keepsAxes: keepsAxes)
    return [.computed(try builder.emit(.reduce(reduction), [x], for: node.node))]
  }

  /// All integers together, as a shape's product is the number of elements.
  private static func folded(
    _ kind: Reduce.Kind, _ known: KnownIntegers, _ axes: [Int], keepsAxes: Bool
  ) throws -> KnownIntegers {
    let function: ShapeArithmetic.Function
    switch kind {
    case .product: function = ShapeArithmetic.multiply
    case .sum: function = ShapeArithmetic.add
    case .minimum: function = ShapeArithmetic.minimum
    case .maximum: function = ShapeArithmetic.maximum
    case .mean, .norm: throw PexError(.unsupported, "of integers it is not supported")
    }
    guard axes.count == known.extents.count, let first = known.elements.first else {
      throw PexError(.unsupported, "integers are only reduced all together")
    }
    let total = try known.elements.dropFirst().reduce(KnownIntegers(first)) {
      try ShapeArithmetic.combine($0, KnownIntegers($1), function)
    }
    return try KnownIntegers(total.elements, extents: keepsAxes ? known.extents.map { _ in 1 } : [])
  }

  /// `select_last_index` came with opset 12.
  private static func argMax(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "data"))
    let operation = ArgMax(
      axis: try node.axis(node.integer("axis", default: 0), rank: builder.type(x).rank),
      keepsAxis: try node.flag("keepdims", default: true),
      takesLast: try node.flag("select_last_index", default: false))
    return [.computed(try builder.emit(.argMax(operation), [x], for: node.node))]
  }
}
