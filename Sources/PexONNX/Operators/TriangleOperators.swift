import PexGraph
import PexTensor

/// Operators that a known triangle of ones stands for.
enum TriangleOperators {
  static let rows = [
    OperatorRow(op: "Trilu", since: 14, limit: "the diagonal known beforehand", function: triangle),
    OperatorRow(
      op: "CumSum", since: 11, limit: "along at most 2048 elements; the axis known beforehand", function: sums),
  ]

  /// A triangle as large as this has some ten million numbers.
  private static let extentLimit = 2048

  /// Of every matrix of the last two axes what lies on one side of a diagonal, the diagonal included; else 0.
  private static func triangle(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "input"))
    let type = builder.type(x)
    let isUpper = try node.flag("upper", default: true)
    let diagonal = Int(try node.optionalScalar(1, "k") ?? 0)
    let extents = type.dimensions.suffix(2)
    guard extents.count == 2, !extents.contains(.batch), extents.allSatisfy({ $0.perSample <= 4 * extentLimit }) else {
      throw PexError(.unsupported, "input 0 (input): expected matrices within a sample, found \(type)")
    }
    let (rows, columns) = (extents[extents.startIndex].perSample, extents[extents.startIndex + 1].perSample)
    let name = node.node.outputs.first ?? node.node.name
    let mask = try builder.addConstant(name, suffix: ".triangle") {
      let numbers = (0..<rows * columns).map { place -> Float in
        let distance = place % columns - place / columns
        return (isUpper ? distance >= diagonal : distance <= diagonal) ? 1 : 0
      }
      return try Tensor([rows, columns], numbers)
    }
    let zero = try builder.addConstant(name, suffix: ".zero") { try Tensor([], [0 as Float]) }
    return [.computed(try builder.emit(.choice(Choice()), [mask, x, zero], for: node.node))]
  }

  /// Sums of all elements up to each: a product with a triangle of ones, along the last axis.
  private static func sums(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "x"))
    let type = builder.type(x)
    guard let place = try node.optionalScalar(1, "axis"), abs(place) < 100 else {
      throw PexError(.malformed, "input 1 (axis) is missing")
    }
    let axis = try node.axis(Int(place), rank: type.rank)
    let (isExclusive, isReversed) = (
      try node.flag("exclusive", default: false), try node.flag("reverse", default: false)
    )
    guard case .fixed(let count) = type.dimensions[axis], type.rank >= 2, (1...extentLimit).contains(count) else {
      throw PexError(
        .unsupported, "input 0 (x): expected 1…\(extentLimit) elements on axis \(axis) within a sample, found \(type)")
    }
    let ones = try builder.addConstant(node.node.outputs.first ?? node.node.name, suffix: ".triangle") {
      let numbers = (0..<count * count).map { place -> Float in
        let distance = isReversed ? place / count - place % count : place % count - place / count
        return distance >= (isExclusive ? 1 : 0) ? 1 : 0
      }
      return try Tensor([count, count], numbers)
    }
    var permutation = Array(0..<type.rank)
    permutation.swapAt(axis, type.rank - 1)
    let isLast = axis == type.rank - 1
    let turn = Operation.transpose(Transpose(permutation))
    let rows = isLast ? x : try builder.emit(turn, [x], for: node.node, suffix: ".turned")
    let result = try builder.emit(
      .matrixProduct(MatrixProduct()), [rows, ones], for: node.node, suffix: isLast ? nil : ".sums")
    return [.computed(isLast ? result : try builder.emit(turn, [result], for: node.node))]
  }
}
