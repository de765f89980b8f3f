import PexGraph
import PexTensor

/// Constants, and operators that hand on what they get.
enum ConstantOperators {
  static let rows = [
    OperatorRow(op: "Constant", since: 1, function: constant),
    OperatorRow(op: "ConstantOfShape", since: 9, function: constantOfShape),
    OperatorRow(op: "Identity", since: 1) { [try same($0, $1)] },
    OperatorRow(op: "Cast", since: 6, function: cast),
  ]

  /// The first input, unchanged: known numbers under their old name, a computed value through an identity.
  static func same(_ node: NodeReader, _ builder: GraphBuilder) throws -> ImportedValue {
    let value = try node.input(0, "input")
    guard case .computed(let id) = value else { return value }
    return .computed(try builder.emit(.identity(Identity()), [id], for: node.node))
  }

  /// Opset 12 adds the forms that are no tensor.
  private static func constant(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let name = node.node.outputs.first ?? ""
    if let stored = try node.optionalTensor("value") {
      return [try builder.known(try builder.tensor(stored), name: name)]
    }
    if let values = try node.optionalFloats("value_floats") {
      return [.constant(name: name, try Tensor([values.count], values))]
    }
    if let value = try node.optionalInteger("value_int") {
      return [.vector(try ShapeVector([.fixed(value)], isScalar: true))]
    }
    if let values = try node.optionalIntegers("value_ints") {
      return [.vector(try ShapeVector(values.map(Dimension.fixed)))]
    }
    guard let value = try node.optionalFloat("value_float") else {
      throw PexError(.unsupported, "expected one of the attributes value, value_float(s) and value_int(s)")
    }
    return [.constant(name: name, try Tensor([], [Float(value)]))]
  }

  private static func constantOfShape(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let extents = try node.integers(0, "input")
    let value = try node.optionalTensor("value").map(builder.tensor) ?? Tensor([1], [0 as Float])
    guard value.count == 1 else { throw PexError(.malformed, "attribute 'value': expected one number") }
    let shape = try Shape(extents)
    try builder.fill(shape.count)
    let name = node.node.outputs.first ?? ""
    if let integer = value.integers?.first {
      let numbers = try Tensor(extents, Array(repeating: Int64(integer), count: shape.count))
      return [try builder.known(numbers, name: name)]
    }
    return [.constant(name: name, try Tensor(repeating: value.floats.first ?? 0, extents))]
  }

  /// Between floating-point types nothing happens: the graph computes in f32. Integers stay known integers.
  private static func cast(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("saturate")
    node.ignore("round_mode")
    guard let code = try node.optionalInteger("to") else { throw PexError(.malformed, "attribute 'to' is missing") }
    let type = try ElementType(code: code)
    let value = try node.input(0, "input")
    let toFloat = type.dtype?.isFloat ?? false
    switch value {
    case .computed, .constant:
      if case .constant(_, let tensor) = value, !tensor.dtype.isFloat { break }
      guard toFloat else { break }
      return [try same(node, builder)]
    case .vector(let vector):
      if type == .int64 || type == .int32 { return [value] }
      guard toFloat, let integers = vector.integers else { break }
      let numbers = try Tensor(vector.isScalar ? [] : [integers.count], integers.map(Float.init))
      return [.constant(name: node.node.outputs.first ?? "", numbers)]
    }
    throw PexError(.unsupported, "attribute 'to': a conversion to \(type) is not supported here")
  }
}
