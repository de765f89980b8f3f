import PexGraph
import PexTensor

/// Functions of two values, of feature maps and of shapes.
enum ArithmeticOperators {
  static let rows = [
    // Before opset 7 broadcasting was another one; those nodes are reported.
    OperatorRow(op: "Add", since: 7) { try binary($0, $1, .add, ShapeArithmetic.add) },
    OperatorRow(op: "Sub", since: 7) { try binary($0, $1, .subtract, ShapeArithmetic.subtract) },
    OperatorRow(op: "Mul", since: 7) { try binary($0, $1, .multiply, ShapeArithmetic.multiply) },
    OperatorRow(op: "Div", since: 7) { try binary($0, $1, .divide, ShapeArithmetic.divide) },
    OperatorRow(op: "Pow", since: 7, function: power),
    OperatorRow(op: "Min", since: 8) { try variadic($0, $1, .minimum) },
    OperatorRow(op: "Max", since: 8) { try variadic($0, $1, .maximum) },
  ]

  private static func binary(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind, _ fold: ShapeArithmetic.Function
  ) throws -> [ImportedValue] {
    let (left, right) = (try node.input(0, "A"), try node.input(1, "B"))
    if case .vector(let a) = left, case .vector(let b) = right {
      return [.vector(try ShapeArithmetic.combine(a, b, fold))]
    }
    let inputs = [try builder.float(left), try builder.float(right)]
    return [.computed(try builder.emit(.binary(Binary(kind)), inputs, for: node.node))]
  }

  /// The exponent may be an integer from opset 12 on.
  private static func power(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let base = try builder.float(node.input(0, "X"))
    let value = try node.input(1, "Y")
    let exponent: ValueID
    if case .vector(let vector) = value, let integers = vector.integers {
      exponent = try builder.addConstant(node.node.inputs[1], suffix: ".f32") {
        try Tensor(vector.isScalar ? [] : [integers.count], integers.map(Float.init))
      }
    } else {
      exponent = try builder.float(value)
    }
    return [.computed(try builder.emit(.binary(Binary(.power)), [base, exponent], for: node.node))]
  }

  /// More than two inputs are taken two at a time, from the left.
  private static func variadic(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind
  ) throws -> [ImportedValue] {
    guard node.inputCount > 1 else { return [try ConstantOperators.same(node, builder)] }
    var result = try builder.float(node.input(0, "data_0"))
    for index in 1..<node.inputCount {
      let inputs = [result, try builder.float(node.input(index, "data_\(index)"))]
      let suffix = index == node.inputCount - 1 ? nil : ".\(index)"
      result = try builder.emit(.binary(Binary(kind)), inputs, for: node.node, suffix: suffix)
    }
    return [.computed(result)]
  }
}
