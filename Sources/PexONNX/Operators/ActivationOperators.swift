import PexGraph
import PexTensor

/// Functions of every element alone.
enum ActivationOperators {
  static let rows =
    [
      OperatorRow(op: "HardSigmoid", since: 1) { node, builder in
        let alpha = try node.float("alpha", default: Double(0.2 as Float))
        return try unary(node, builder, .hardSigmoid(alpha: alpha, beta: try node.float("beta", default: 0.5)))
      },
      OperatorRow(op: "LeakyRelu", since: 1) { node, builder in
        try unary(node, builder, .leakyRelu(alpha: try node.float("alpha", default: Double(0.01 as Float))))
      },
      OperatorRow(op: "Elu", since: 1) { node, builder in
        try unary(node, builder, .elu(alpha: try node.float("alpha", default: 1)))
      },
      OperatorRow(op: "HardSwish", since: 14) { try unary($0, $1, .hardSwish) },
      OperatorRow(op: "Clip", since: 1, function: clipByAttributes),
      OperatorRow(op: "Clip", since: 11, function: clipByInputs),
    ] + plain.map { row in OperatorRow(op: row.op, since: 1) { try unary($0, $1, row.kind) } }

  /// Operators without attributes.
  private static let plain: [(op: String, kind: Unary.Kind)] = [
    ("Relu", .relu), ("Sigmoid", .sigmoid), ("Tanh", .tanh), ("Exp", .exponential), ("Log", .logarithm),
    ("Sqrt", .squareRoot), ("Abs", .absolute), ("Neg", .negative),
  ]

  private static func unary(_ node: NodeReader, _ builder: GraphBuilder, _ kind: Unary.Kind) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    return [.computed(try builder.emit(.unary(Unary(kind)), [x], for: node.node))]
  }

  /// The specification's defaults are the ends of f32, which limit nothing but infinities.
  private static func clipByAttributes(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let end = Double(Float.greatestFiniteMagnitude)
    return try clip(node, builder, try node.float("min", default: -end), try node.float("max", default: end))
  }

  private static func clipByInputs(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    try clip(
      node, builder, try node.optionalScalar(1, "min") ?? -.infinity, try node.optionalScalar(2, "max") ?? .infinity)
  }

  private static func clip(
    _ node: NodeReader, _ builder: GraphBuilder, _ minimum: Double, _ maximum: Double
  ) throws -> [ImportedValue] {
    guard !minimum.isNaN, !maximum.isNaN else { throw PexError(.malformed, "a bound is not a number") }
    // Bounds the wrong way round give the upper one everywhere.
    return try unary(node, builder, .clip(minimum: min(minimum, maximum), maximum: maximum))
  }
}
