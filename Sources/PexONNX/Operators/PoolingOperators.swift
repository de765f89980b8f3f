import PexGraph
import PexTensor

/// Pooling over windows and over whole maps.
enum PoolingOperators {
  static let rows = [
    // Later versions add attributes: 8 storage order, 10 ceil_mode and dilations.
    OperatorRow(op: "MaxPool", since: 1, limit: "the positions of the maxima are no output") {
      try pool($0, $1, .maximum)
    },
    // 7 adds count_include_pad, 10 ceil_mode, 19 dilations.
    OperatorRow(op: "AveragePool", since: 1) { try pool($0, $1, .average) },
    // The exponent was a number in opset 1 and is an integer since; 18 adds ceil_mode and dilations.
    OperatorRow(op: "LpPool", since: 1, function: lpPool),
    OperatorRow(op: "GlobalLpPool", since: 1, function: globalLpPool),
    OperatorRow(op: "GlobalMaxPool", since: 1) { try globalPool($0, $1, .maximum) },
    OperatorRow(op: "GlobalAveragePool", since: 1) { try globalPool($0, $1, .average) },
  ]

  private static func pool(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Pooling.Kind
  ) throws -> [ImportedValue] {
    guard let kernel = try node.optionalIntegers("kernel_shape") else {
      throw PexError(.malformed, "attribute 'kernel_shape' is missing")
    }
    // Matters only to the positions of the maxima, an output that is not supported.
    node.ignore("storage_order")
    let window = try node.window(kernel: kernel, roundsUp: try node.flag("ceil_mode", default: false))
    let countsPadding = kind == .average ? try node.flag("count_include_pad", default: false) : false
    let pooling = Pooling(kind: kind, window: window, countsPadding: countsPadding)
    return [.computed(try builder.emit(.pooling(pooling), [builder.float(node.input(0, "X"))], for: node.node))]
  }

  private static func globalPool(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Pooling.Kind
  ) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    return [.computed(try builder.emit(.globalPooling(GlobalPooling(kind: kind)), [x], for: node.node))]
  }

  private static func lpPool(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let kernel = try node.optionalIntegers("kernel_shape") else {
      throw PexError(.malformed, "attribute 'kernel_shape' is missing")
    }
    let window = try node.window(kernel: kernel, roundsUp: try node.flag("ceil_mode", default: false))
    let pooling = LpPooling(exponent: try exponent(node), window: window)
    return [.computed(try builder.emit(.lpPooling(pooling), [builder.float(node.input(0, "X"))], for: node.node))]
  }

  /// The norm of all pixels; other exponents than 2 by powers and a sum.
  private static func globalLpPool(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    let exponent = try exponent(node)
    let axes = Array(2..<max(builder.type(x).rank, 2))
    func reduce(_ kind: Reduce.Kind) -> Operation { .reduce(Reduce(kind, axes: axes, keepsAxes: true)) }
    if exponent == 2 { return [.computed(try builder.emit(reduce(.norm), [x], for: node.node))] }
    func power(_ x: ValueID, _ number: Double, suffix: String?) throws -> ValueID {
      let constant = try builder.addConstant(node.node.outputs.first ?? "", suffix: ".p\(number)") {
        try Tensor([], [Float(number)])
      }
      return try builder.emit(.binary(Binary(.power)), [x, constant], for: node.node, suffix: suffix)
    }
    let magnitudes = try builder.emit(.unary(Unary(.absolute)), [x], for: node.node, suffix: ".magnitudes")
    let powers = try power(magnitudes, exponent, suffix: ".powers")
    let sum = try builder.emit(reduce(.sum), [powers], for: node.node, suffix: ".sum")
    return [.computed(try power(sum, 1 / exponent, suffix: nil))]
  }

  private static func exponent(_ node: NodeReader) throws -> Double {
    let p = try node.opset < 2 ? node.float("p", default: 2) : Double(node.integer("p", default: 2))
    guard p > 0, p.isFinite else { throw PexError(.malformed, "attribute 'p': expected more than 0, found \(p)") }
    return p
  }
}
