import PexGraph
import PexTensor

extension Unary: ONNXExportable {
  func export(to node: NodeExport) throws {
    switch kind {
    case .relu: node.write("Relu")
    case .clip(let minimum, let maximum):
      node.write("Clip", node.inputs + (try bounds(minimum, maximum, node)))
    case .sigmoid: node.write("Sigmoid")
    case .hardSigmoid(let alpha, let beta):
      node.write("HardSigmoid", nil, [.float("alpha", alpha), .float("beta", beta)])
    case .hardSwish: node.write("HardSwish")
    case .leakyRelu(let alpha): node.write("LeakyRelu", nil, [.float("alpha", alpha)])
    case .elu(let alpha): node.write("Elu", nil, [.float("alpha", alpha)])
    case .tanh: node.write("Tanh")
    case .exponential: node.write("Exp")
    case .logarithm: node.write("Log")
    case .squareRoot: node.write("Sqrt")
    case .absolute: node.write("Abs")
    case .negative: node.write("Neg")
    case .selu(let alpha, let gamma): node.write("Selu", nil, [.float("alpha", alpha), .float("gamma", gamma)])
    case .celu(let alpha): node.write("Celu", nil, [.float("alpha", alpha)])
    case .thresholdedRelu(let alpha): node.write("ThresholdedRelu", nil, [.float("alpha", alpha)])
    case .swish(let alpha): try exportSwish(alpha, to: node)
    case .gelu: try exportGelu(to: node)
    case .tanhGelu: try exportTanhGelu(to: node)
    case .mish:
      let softplus = node.step("Softplus", node.inputs, suffix: "softplus")
      node.write("Mul", node.inputs + [node.step("Tanh", [softplus], suffix: "tanh")])
    case .softplus: node.write("Softplus")
    case .softsign: node.write("Softsign")
    case .errorFunction: node.write("Erf")
    case .reciprocal: node.write("Reciprocal")
    case .floor: node.write("Floor")
    case .ceil: node.write("Ceil")
    case .round: node.write("Round")
    case .sign: node.write("Sign")
    }
  }

  // Operators of their own came with opset 18 (Mish), 20 (Gelu) and 24 (Swish).

  private func exportSwish(_ alpha: Double, to node: NodeExport) throws {
    let scaled = alpha == 1 ? node.inputs[0] : try node.product(node.inputs[0], alpha, suffix: "scaled")
    node.write("Mul", node.inputs + [node.step("Sigmoid", [scaled], suffix: "sigmoid")])
  }

  private func exportGelu(to node: NodeExport) throws {
    let scaled = try node.product(node.inputs[0], 0.5.squareRoot(), suffix: "scaled")
    try exportGate(node.step("Erf", [scaled], suffix: "erf"), to: node)
  }

  private func exportTanhGelu(to node: NodeExport) throws {
    let x = node.inputs[0]
    let square = node.step("Mul", [x, x], suffix: "square")
    let cubic = try node.product(square, 0.044715, suffix: "cubic")
    let factor = try node.sum(cubic, 1, suffix: "factor")
    let inner = node.step("Mul", [x, factor], suffix: "inner")
    let scaled = try node.product(inner, (2 / Double.pi).squareRoot(), suffix: "scaled")
    try exportGate(node.step("Tanh", [scaled], suffix: "tanh"), to: node)
  }

  /// x * (1 + s) / 2 of a sigmoid s from -1 to 1.
  private func exportGate(_ sigmoid: String, to node: NodeExport) throws {
    let shifted = try node.sum(sigmoid, 1, suffix: "shifted")
    node.write("Mul", node.inputs + [try node.product(shifted, 0.5, suffix: "gate")])
  }

  /// The bounds as inputs; one that is infinite is left out.
  private func bounds(_ minimum: Double, _ maximum: Double, _ node: NodeExport) throws -> [String] {
    var bounds = minimum == -.infinity ? [] : [try node.scalar(minimum, suffix: "minimum")]
    guard maximum < .infinity else { return bounds }
    if bounds.isEmpty { bounds.append("") }
    return bounds + [try node.scalar(maximum, suffix: "maximum")]
  }
}
