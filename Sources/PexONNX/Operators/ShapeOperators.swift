import PexGraph
import PexTensor

/// Operators that only shapes are computed with. They are computed on import; nothing of them is left in the graph.
enum ShapeOperators {
  static let rows = [
    OperatorRow(op: "Shape", since: 1, function: shape),
    OperatorRow(op: "Size", since: 1, function: size),
    OperatorRow(op: "Range", since: 11, function: range),
    OperatorRow(op: "Where", since: 9, function: choice),
    OperatorRow(op: "Not", since: 1, function: negation),
    OperatorRow(op: "And", since: 7) { node, _ in try fold(node, ShapeArithmetic.and) },
    OperatorRow(op: "Or", since: 7) { node, _ in try fold(node, ShapeArithmetic.or) },
    OperatorRow(op: "Equal", since: 1) { node, _ in try fold(node, ShapeArithmetic.equal) },
    OperatorRow(op: "Less", since: 1) { node, _ in try fold(node, ShapeArithmetic.less) },
    OperatorRow(op: "LessOrEqual", since: 12) { node, _ in try fold(node, ShapeArithmetic.lessOrEqual) },
    OperatorRow(op: "Greater", since: 1) { node, _ in try fold(node) { ShapeArithmetic.less($1, $0) } },
    OperatorRow(op: "GreaterOrEqual", since: 12) { node, _ in try fold(node) { ShapeArithmetic.lessOrEqual($1, $0) } },
    OperatorRow(op: "Mod", since: 10, function: remainder),
  ]

  /// `start` and `end` came with opset 15.
  private static func shape(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let dimensions = try Reshaping.dimensions(of: node.input(0, "data"), builder)
    func position(_ index: Int) -> Int {
      min(max(index < 0 ? index.addingReportingOverflow(dimensions.count).partialValue : index, 0), dimensions.count)
    }
    let first = position(try node.integer("start", default: 0))
    let last = position(try node.integer("end", default: dimensions.count))
    return [.integers(try KnownIntegers(Array(dimensions[first..<max(first, last)])))]
  }

  private static func size(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let dimensions = try Reshaping.dimensions(of: node.input(0, "data"), builder)
    return [.integers(try KnownIntegers(try Reshaping.product(dimensions[...])))]
  }

  private static func range(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    func number(_ index: Int, _ label: String) throws -> Double {
      guard let value = try node.optionalScalar(index, label) else {
        throw PexError(.unsupported, "input \(index) (\(label)) must be known beforehand")
      }
      return value
    }
    let (start, limit, step) = (try number(0, "start"), try number(1, "limit"), try number(2, "delta"))
    let count = ((limit - start) / step).rounded(.up)
    guard step != 0, count <= Double(KnownIntegers.countLimit), abs(start) < 1e15, abs(step) < 1e15 else {
      throw PexError(.unsupported, "from \(start) to \(limit) in steps of \(step) are too many numbers")
    }
    let numbers = (0..<Int(max(count, 0))).map { start + Double($0) * step }
    if case .integers = try node.input(0, "start") {
      return [.integers(try KnownIntegers(numbers.map { .fixed(Int($0)) }))]
    }
    return [.constant(name: node.node.outputs.first ?? "", try Tensor([numbers.count], numbers.map(Float.init)))]
  }

  /// `condition ? X : Y`, element by element.
  private static func choice(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let condition = try node.array(0, "condition")
    guard let truths = condition.integers else { throw PexError(.unsupported, "the condition depends on the batch") }
    let (yes, no) = (try node.input(1, "X"), try node.input(2, "Y"))
    guard case .integers(let a) = yes, case .integers(let b) = no else {
      // All the same way: only where nothing has to be broadcast.
      let chosen = truths.allSatisfy { $0 != 0 } ? yes : no
      let isOneWay = truths.allSatisfy { $0 != 0 } || truths.allSatisfy { $0 == 0 }
      let extents = try Reshaping.dimensions(of: chosen, builder).map(\.perSample)
      let others = try Reshaping.dimensions(of: truths.allSatisfy { $0 != 0 } ? no : yes, builder).map(\.perSample)
      guard isOneWay, [condition.extents, others].allSatisfy({ $0 == extents || $0.allSatisfy { $0 == 1 } }) else {
        throw PexError(.unsupported, "a choice between elements that are computed is not supported")
      }
      return [chosen]
    }
    let taken = try ShapeArithmetic.combine(condition, a) { $0 == 0 ? .fixed(0) : $1 }
    let extents = try ShapeArithmetic.combine(taken, b) { first, _ in first }.extents
    func element(_ array: KnownIntegers, _ index: Int) -> Dimension {
      array.elements[array.elements.count == 1 ? 0 : index]
    }
    let elements = (0..<extents.reduce(1, *)).map { index in
      element(condition, index) == 0 ? element(b, index) : element(a, index)
    }
    return [.integers(try KnownIntegers(elements, extents: extents))]
  }

  private static func negation(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let truths = try node.array(0, "X")
    return [.integers(try KnownIntegers(truths.elements.map { $0 == 0 ? 1 : 0 }, extents: truths.extents))]
  }

  private static func remainder(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    try fold(node, try node.flag("fmod", default: false) ? ShapeArithmetic.signedRemainder : ShapeArithmetic.remainder)
  }

  private static func fold(_ node: NodeReader, _ function: ShapeArithmetic.Function) throws -> [ImportedValue] {
    [.integers(try ShapeArithmetic.combine(node.array(0, "A"), node.array(1, "B"), function))]
  }
}
