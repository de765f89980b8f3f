import PexGraph
import PexTensor

/// Comparisons and what is made of them. Of known integers they are computed on import; of numbers that the network
/// computes, truth values are 0 and 1.
enum LogicOperators {
  static let rows = [
    OperatorRow(op: "Equal", since: 1) { try compare($0, $1, .equal, ShapeArithmetic.equal) },
    OperatorRow(op: "Less", since: 1) { try compare($0, $1, .less, ShapeArithmetic.less) },
    OperatorRow(op: "LessOrEqual", since: 12) { try compare($0, $1, .lessOrEqual, ShapeArithmetic.lessOrEqual) },
    OperatorRow(op: "Greater", since: 1) { try compare($0, $1, .less, ShapeArithmetic.less, isTurned: true) },
    OperatorRow(op: "GreaterOrEqual", since: 12) {
      try compare($0, $1, .lessOrEqual, ShapeArithmetic.lessOrEqual, isTurned: true)
    },
    OperatorRow(op: "And", since: 7) { try compare($0, $1, .minimum, ShapeArithmetic.and) },
    OperatorRow(op: "Or", since: 7) { try compare($0, $1, .maximum, ShapeArithmetic.or) },
    OperatorRow(op: "Not", since: 1, function: negation),
    OperatorRow(op: "Where", since: 9, function: choice),
  ]

  /// - Parameter isTurned: whether the right operand comes first.
  private static func compare(
    _ node: NodeReader, _ builder: GraphBuilder, _ kind: Binary.Kind, _ fold: ShapeArithmetic.Function,
    isTurned: Bool = false
  ) throws -> [ImportedValue] {
    let (a, b) = (try node.input(isTurned ? 1 : 0, "A"), try node.input(isTurned ? 0 : 1, "B"))
    if case .integers(let left) = a, case .integers(let right) = b {
      return [.integers(try ShapeArithmetic.combine(left, right, fold))]
    }
    let inputs = [try truths(a, node, builder, 0), try truths(b, node, builder, 1)]
    return [.computed(try builder.emit(.binary(Binary(kind)), inputs, for: node.node))]
  }

  private static func negation(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "X")
    if case .integers(let known) = value {
      return [.integers(try KnownIntegers(known.elements.map { $0 == 0 ? 1 : 0 }, extents: known.extents))]
    }
    let zero = try builder.addConstant(node.node.outputs.first ?? "", suffix: ".zero") { try Tensor([], [0 as Float]) }
    let inputs = [try builder.float(value), zero]
    return [.computed(try builder.emit(.binary(Binary(.equal)), inputs, for: node.node))]
  }

  /// `condition ? X : Y`, element by element.
  private static func choice(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let (condition, yes, no) = (try node.input(0, "condition"), try node.input(1, "X"), try node.input(2, "Y"))
    if case .integers(let truths) = condition, case .integers(let a) = yes, case .integers(let b) = no {
      return [.integers(try chosen(truths, a, b))]
    }
    let inputs = [
      try truths(condition, node, builder, 0), try builder.float(yes), try builder.float(no),
    ]
    return [.computed(try builder.emit(.choice(Choice()), inputs, for: node.node))]
  }

  private static func chosen(
    _ condition: KnownIntegers, _ a: KnownIntegers, _ b: KnownIntegers
  ) throws -> KnownIntegers {
    guard condition.integers != nil else { throw PexError(.unsupported, "the condition depends on the batch") }
    // Only the extents of the results are of interest here.
    let first: ShapeArithmetic.Function = { left, _ in left }
    let extents = try ShapeArithmetic.combine(ShapeArithmetic.combine(condition, a, first), b, first).extents
    func element(_ array: KnownIntegers, _ index: Int) -> Dimension {
      array.elements[ShapeArithmetic.place(index, extents, in: array.extents)]
    }
    let elements = (0..<extents.reduce(1, *)).map { index in
      element(condition, index) == 0 ? element(b, index) : element(a, index)
    }
    return try KnownIntegers(elements, extents: extents)
  }

  /// Known truth values become numbers beside those that are computed.
  private static func truths(
    _ value: ImportedValue, _ node: NodeReader, _ builder: GraphBuilder, _ index: Int
  ) throws -> ValueID {
    guard case .integers(let known) = value, let tensor = known.tensor else { return try builder.float(value) }
    return try builder.addConstant(node.node.outputs.first ?? "", suffix: ".truths\(index)") { tensor }
  }
}
