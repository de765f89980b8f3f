import PexGraph
import PexTensor

/// Operators that only shapes are computed with. They are computed on import; nothing of them is left in the graph.
enum ShapeOperators {
  static let rows = [
    OperatorRow(op: "Shape", since: 1, function: shape),
    OperatorRow(op: "Size", since: 1, function: size),
    OperatorRow(op: "Range", since: 11, limit: "known beforehand", function: range),
    OperatorRow(op: "Mod", since: 10, limit: "integers known beforehand", function: remainder),
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

  private static func remainder(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let isSigned = try node.flag("fmod", default: false)
    let function = isSigned ? ShapeArithmetic.signedRemainder : ShapeArithmetic.remainder
    return [.integers(try ShapeArithmetic.combine(node.array(0, "A"), node.array(1, "B"), function))]
  }
}
