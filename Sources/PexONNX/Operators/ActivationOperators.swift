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
      OperatorRow(op: "Selu", since: 1, function: selu),
      OperatorRow(op: "Celu", since: 12) { node, builder in
        let alpha = try node.float("alpha", default: 1)
        guard alpha != 0 else { throw PexError(.malformed, "attribute 'alpha' is 0") }
        return try unary(node, builder, .celu(alpha: alpha))
      },
      OperatorRow(op: "ThresholdedRelu", since: 1) { node, builder in
        try unary(node, builder, .thresholdedRelu(alpha: try node.float("alpha", default: 1)))
      },
      OperatorRow(op: "Swish", since: 24) { node, builder in
        try unary(node, builder, .swish(alpha: try node.float("alpha", default: 1)))
      },
      OperatorRow(op: "Gelu", since: 20, function: gelu),
      OperatorRow(op: "HardSwish", since: 14) { try unary($0, $1, .hardSwish) },
      OperatorRow(op: "Clip", since: 1, function: clipByAttributes),
      OperatorRow(op: "Clip", since: 11, function: clipByInputs),
    ] + plain.map { row in OperatorRow(op: row.op, since: 1) { try unary($0, $1, row.kind) } }

  /// Operators without attributes.
  private static let plain: [(op: String, kind: Unary.Kind)] = [
    ("Relu", .relu), ("Sigmoid", .sigmoid), ("Tanh", .tanh), ("Exp", .exponential), ("Log", .logarithm),
    ("Sqrt", .squareRoot), ("Abs", .absolute), ("Neg", .negative), ("Erf", .errorFunction), ("Mish", .mish),
    ("Softplus", .softplus), ("Softsign", .softsign), ("Reciprocal", .reciprocal), ("Floor", .floor), ("Ceil", .ceil),
    ("Round", .round), ("Sign", .sign),
  ]

  private static func unary(_ node: NodeReader, _ builder: GraphBuilder, _ kind: Unary.Kind) throws -> [ImportedValue] {
    if case .integers(let known) = try node.input(0, "X") { return [.integers(try folded(kind, known))] }
    let x = try builder.float(node.input(0, "X"))
    return [.computed(try builder.emit(.unary(Unary(kind)), [x], for: node.node))]
  }

  /// Extents that a model computes with are not negative: the batch is its own magnitude.
  private static func folded(_ kind: Unary.Kind, _ known: KnownIntegers) throws -> KnownIntegers {
    let elements = try known.elements.map { element -> Dimension in
      switch (kind, element) {
      case (.absolute, .batch), (.relu, .batch), (.floor, _), (.ceil, _), (.round, _): element
      case (.absolute, .fixed(let value)): .fixed(Int(clamping: value.magnitude))
      case (.relu, .fixed(let value)): .fixed(max(value, 0))
      case (.negative, .fixed(let value)) where value > .min: .fixed(-value)
      case (.sign, .fixed(let value)): .fixed(value.signum())
      default: throw PexError(.unsupported, "of integers it is not supported")
      }
    }
    return try KnownIntegers(elements, extents: known.extents)
  }

  /// The defaults had less digits before opset 6.
  private static func selu(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let isFirst = node.opset < 6
    let alpha = try node.float("alpha", default: isFirst ? Double(1.6732 as Float) : Double(1.67326319 as Float))
    let gamma = try node.float("gamma", default: isFirst ? Double(1.0507 as Float) : Double(1.05070102 as Float))
    return try unary(node, builder, .selu(alpha: alpha, gamma: gamma))
  }

  private static func gelu(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let word = try node.string("approximate", default: "none")
    guard word == "none" || word == "tanh" else {
      throw PexError(.malformed, "attribute 'approximate': expected none or tanh, found '\(word)'")
    }
    return try unary(node, builder, word == "tanh" ? .tanhGelu : .gelu)
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
