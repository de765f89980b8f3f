import PexGraph
import PexTensor

/// Constants, and operators that hand on what they get.
enum ConstantOperators {
  static let rows = [
    OperatorRow(op: "Constant", since: 1, limit: "no strings, nothing sparse", function: constant),
    OperatorRow(op: "ConstantOfShape", since: 9, function: constantOfShape),
    OperatorRow(op: "Identity", since: 1) { [try same($0, $1)] },
    OperatorRow(
      op: "Cast", since: 1, limit: "to integers only of numbers known beforehand; to truth values of any",
      function: cast),
    OperatorRow(
      op: "CastLike", since: 15, limit: "to integers only of numbers known beforehand; to truth values of any",
      function: castLike),
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
      return [try builder.known(stored, name: name)]
    }
    if let values = try node.optionalFloats("value_floats") {
      return [.constant(name: name, try Tensor([values.count], values))]
    }
    if let value = try node.optionalInteger("value_int") {
      return [.integers(try KnownIntegers(.fixed(value)))]
    }
    if let values = try node.optionalIntegers("value_ints") {
      return [.integers(try KnownIntegers(values.map(Dimension.fixed)))]
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

  /// Between floating-point types nothing happens: the graph computes in f32. Known numbers become integers, rounded
  /// towards zero, and integers numbers.
  private static func cast(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("saturate")
    node.ignore("round_mode")
    let type = try node.opset < 6 ? elementType(named: node.string("to", default: "")) : elementType(node)
    return [try converted(node.input(0, "input"), to: type, node, builder)]
  }

  /// To the type of the second input.
  private static func castLike(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("saturate")
    node.ignore("round_mode")
    let isInteger =
      switch try node.input(1, "target_type") {
      case .integers: true
      case .constant(_, let tensor): !tensor.dtype.isFloat
      case .computed: false
      }
    return [try converted(node.input(0, "input"), to: isInteger ? .int64 : .float, node, builder)]
  }

  private static func elementType(_ node: NodeReader) throws -> ElementType {
    guard let code = try node.optionalInteger("to") else { throw PexError(.malformed, "attribute 'to' is missing") }
    return try ElementType(code: code)
  }

  /// Up to opset 5 types went by the names of their codes.
  private static func elementType(named name: String) throws -> ElementType {
    let names: [String: ElementType] = [
      "FLOAT": .float, "DOUBLE": .double, "FLOAT16": .float16, "INT32": .int32, "INT64": .int64, "BOOL": .bool,
      "INT8": .int8, "UINT8": .uint8,
    ]
    guard let type = names[name.uppercased()] else {
      throw PexError(.unsupported, "attribute 'to': the type '\(name)' is not supported")
    }
    return type
  }

  /// Whether a number differs from 0, which what is no number does too.
  private static func truth(of id: ValueID, _ node: NodeReader, _ builder: GraphBuilder) throws -> ValueID {
    let zero = try builder.addConstant(node.node.outputs.first ?? node.node.name, suffix: ".zero") {
      try Tensor([], [0 as Float])
    }
    let isZero = try builder.emit(.binary(Binary(.equal)), [id, zero], for: node.node, suffix: ".none")
    return try builder.emit(.binary(Binary(.equal)), [isZero, zero], for: node.node)
  }

  private static func converted(
    _ value: ImportedValue, to type: ElementType, _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> ImportedValue {
    let toFloat = type.dtype?.isFloat ?? false
    let name = node.node.outputs.first ?? ""
    switch value {
    case .computed where toFloat: return try same(node, builder)
    case .computed(let id) where type == .bool:
      return builder.isTruth(id) ? try same(node, builder) : .computed(try truth(of: id, node, builder))
    case .constant(_, let tensor) where toFloat:
      return tensor.dtype.isFloat ? value : .constant(name: name, try tensor.asFloat32())
    case .constant(_, let tensor) where tensor.dtype.isFloat:
      let whole = tensor.floats.map { Int(exactly: $0.rounded(.towardZero)) }
      let isTruth = type == .bool
      let elements = try zip(whole, tensor.floats).map { integer, number -> Dimension in
        if isTruth { return .fixed(number == 0 ? 0 : 1) }
        guard let integer else { throw PexError(.unsupported, "\(number) has no integer") }
        return .fixed(integer)
      }
      return .integers(try KnownIntegers(elements, extents: tensor.shape.dimensions))
    case .integers(let known) where toFloat:
      guard let tensor = known.tensor else { break }
      return .constant(name: name, tensor)
    case .integers(let known) where type == .bool:
      guard let integers = known.integers else { break }
      return .integers(try KnownIntegers(integers.map { .fixed($0 == 0 ? 0 : 1) }, extents: known.extents))
    case .integers, .constant: if type != .string { return value }
    case .computed: break
    }
    throw PexError(.unsupported, "attribute 'to': a conversion to \(type) is not supported here")
  }
}
