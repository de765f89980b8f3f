import PexGraph
import PexTensor

/// Functions of two values, of feature maps and of shapes.
enum ArithmeticOperators {
  static let rows = [
    // Before opset 7 one operand was broadcast, and only where the node said so.
    OperatorRow(op: "Add", since: 1) { try aligned($0, $1, .add, ShapeArithmetic.add) },
    OperatorRow(op: "Add", since: 7) { try binary($0, $1, .add, ShapeArithmetic.add) },
    OperatorRow(op: "Sub", since: 1) { try aligned($0, $1, .subtract, ShapeArithmetic.subtract) },
    OperatorRow(op: "Sub", since: 7) { try binary($0, $1, .subtract, ShapeArithmetic.subtract) },
    OperatorRow(op: "Mul", since: 1) { try aligned($0, $1, .multiply, ShapeArithmetic.multiply) },
    OperatorRow(op: "Mul", since: 7) { try binary($0, $1, .multiply, ShapeArithmetic.multiply) },
    OperatorRow(op: "Div", since: 1) { try aligned($0, $1, .divide, ShapeArithmetic.divide) },
    OperatorRow(op: "Div", since: 7) { try binary($0, $1, .divide, ShapeArithmetic.divide) },
    OperatorRow(op: "Pow", since: 1) { try aligned($0, $1, .power) { _, _ in nil } },
    OperatorRow(op: "Pow", since: 7, function: power),
    OperatorRow(op: "PRelu", since: 1, function: channelSlopes),
    OperatorRow(op: "PRelu", since: 7) { try binary($0, $1, .parametricRelu) { _, _ in nil } },
    OperatorRow(op: "Min", since: 1) { try variadic($0, $1, .minimum, ShapeArithmetic.minimum) },
    OperatorRow(op: "Max", since: 1) { try variadic($0, $1, .maximum, ShapeArithmetic.maximum) },
    OperatorRow(op: "Sum", since: 1) { try variadic($0, $1, .add, ShapeArithmetic.add) },
    OperatorRow(op: "Mean", since: 1, function: mean),
  ]

  private static func binary(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind, _ fold: ShapeArithmetic.Function
  ) throws -> [ImportedValue] {
    let (left, right) = (try node.input(0, "A"), try node.input(1, "B"))
    if case .integers(let a) = left, case .integers(let b) = right {
      return [.integers(try ShapeArithmetic.combine(a, b, fold))]
    }
    let inputs = [try builder.float(left), try builder.float(right)]
    return [.computed(try builder.emit(.binary(Binary(kind)), inputs, for: node.node))]
  }

  /// `broadcast` lets the right operand repeat; its axes are those of the left one from `axis` on, by default the last ones.
  private static func aligned(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind, _ fold: ShapeArithmetic.Function
  ) throws -> [ImportedValue] {
    let isBroadcast = try node.flag("broadcast", default: false)
    guard let axis = try node.optionalInteger("axis"), isBroadcast else {
      return try binary(node, builder, kind, fold)
    }
    let left = try builder.float(node.input(0, "A"))
    return [try spread(node, builder, kind, left, from: axis)]
  }

  /// Slopes of a list belong to the channels.
  private static func channelSlopes(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    let slopes = try builder.float(node.input(1, "slope"))
    guard builder.type(slopes).rank == 1, builder.type(x).rank >= 2, builder.type(slopes).perSample[0] > 1 else {
      return try binary(node, builder, .parametricRelu) { _, _ in nil }
    }
    return [try spread(node, builder, .parametricRelu, x, from: 1)]
  }

  /// The right operand's axes put beneath those of the left one from `axis` on.
  private static func spread(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind, _ left: ValueID, from axis: Int
  ) throws -> ImportedValue {
    let right = try builder.float(node.input(1, "B"))
    let (rank, type) = (builder.type(left).rank, builder.type(right))
    let behind = rank - (try node.axis(axis, rank: rank)) - type.rank
    guard behind >= 0 else { throw PexError(.malformed, "attribute 'axis': \(type) does not fit from \(axis) on") }
    var operand = right
    if behind > 0 {
      let target = type.dimensions + Array(repeating: Dimension.fixed(1), count: behind)
      operand = try builder.emit(.reshape(Reshape(target)), [right], for: node.node, suffix: ".spread")
    }
    return .computed(try builder.emit(.binary(Binary(kind)), [left, operand], for: node.node))
  }

  /// The exponent may be an integer from opset 12 on.
  private static func power(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let base = try builder.float(node.input(0, "X"))
    let value = try node.input(1, "Y")
    let exponent: ValueID
    if case .integers(let known) = value, let tensor = known.tensor {
      exponent = try builder.addConstant(node.node.inputs[1], suffix: ".f32") { tensor }
    } else {
      exponent = try builder.float(value)
    }
    return [.computed(try builder.emit(.binary(Binary(.power)), [base, exponent], for: node.node))]
  }

  /// More than two inputs are taken two at a time, from the left.
  private static func variadic(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind, _ fold: ShapeArithmetic.Function
  ) throws -> [ImportedValue] {
    guard node.inputCount > 1 else { return [try ConstantOperators.same(node, builder)] }
    guard case .integers(var total) = try node.input(0, "data_0") else {
      return [.computed(try combined(node, builder, kind, suffix: nil))]
    }
    for index in 1..<node.inputCount {
      total = try ShapeArithmetic.combine(total, node.array(index, "data_\(index)"), fold)
    }
    return [.integers(total)]
  }

  private static func mean(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard node.inputCount > 1 else { return [try ConstantOperators.same(node, builder)] }
    let sum = try combined(node, builder, .add, suffix: ".sum")
    let count = try builder.addConstant(node.node.outputs.first ?? "", suffix: ".count") {
      try Tensor([], [Float(node.inputCount)])
    }
    return [.computed(try builder.emit(.binary(Binary(.divide)), [sum, count], for: node.node))]
  }

  private static func combined(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind, suffix: String?
  ) throws -> ValueID {
    var result = try builder.float(node.input(0, "data_0"))
    for index in 1..<node.inputCount {
      let inputs = [result, try builder.float(node.input(index, "data_\(index)"))]
      let suffix = index == node.inputCount - 1 ? suffix : ".\(index)"
      result = try builder.emit(.binary(Binary(kind)), inputs, for: node.node, suffix: suffix)
    }
    return result
  }
}
