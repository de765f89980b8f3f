import PexGraph

/// Every function of a result that a kernel applies on the way, as graphs hold it.
enum ActivationBehind: CaseIterable {
  case none, relu, clip, sigmoid, hardSigmoid, hardSwish, leakyRelu, absolute, negative
  /// Products of a result with a gate of it, the gate on either side.
  case swish, swishReversed, hardSwishOfGate, hardSwishOfGateReversed

  func applied(to x: ValueID, in sketch: inout Sketch) throws -> ValueID {
    let gate = Unary.Kind.hardSigmoid(alpha: 1.0 / 6, beta: 0.5)
    switch self {
    case .none: return x
    case .relu: return try sketch.unary(.relu, x)
    case .clip: return try sketch.unary(.clip(minimum: -0.5, maximum: 1), x)
    case .sigmoid: return try sketch.unary(.sigmoid, x)
    case .hardSigmoid: return try sketch.unary(.hardSigmoid(alpha: 0.2, beta: 0.5), x)
    case .hardSwish: return try sketch.unary(.hardSwish, x)
    case .leakyRelu: return try sketch.unary(.leakyRelu(alpha: 0.1), x)
    case .absolute: return try sketch.unary(.absolute, x)
    case .negative: return try sketch.unary(.negative, x)
    case .swish: return try sketch.binary(.multiply, x, sketch.unary(.sigmoid, x))
    case .swishReversed: return try sketch.binary(.multiply, sketch.unary(.sigmoid, x), x)
    case .hardSwishOfGate: return try sketch.binary(.multiply, x, sketch.unary(gate, x))
    case .hardSwishOfGateReversed: return try sketch.binary(.multiply, sketch.unary(gate, x), x)
    }
  }
}
