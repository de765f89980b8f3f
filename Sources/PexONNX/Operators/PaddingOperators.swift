import PexGraph
import PexTensor

/// Padding. A border of one number is padding in the graph; one that repeats the map is a gather along each axis, and
/// negative padding a slice.
enum PaddingOperators {
  static let rows = [
    OperatorRow(op: "Pad", since: 1, limit: "pads known beforehand", function: padByAttributes),
    OperatorRow(op: "Pad", since: 11, limit: "pads known beforehand", function: padByInputs),
  ]

  /// The attribute was called `paddings` at first.
  private static func padByAttributes(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let pads = try node.optionalIntegers(node.opset < 2 ? "paddings" : "pads") else {
      throw PexError(.malformed, "attribute 'pads' is missing")
    }
    return try pad(node, builder, pads, axes: nil, value: try node.float("value", default: 0))
  }

  /// The axes that are padded may be told from opset 18 on.
  private static func padByInputs(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let pads = try node.integers(1, "pads")
    let axes = try node.optionalIntegers(3, "axes")
    return try pad(node, builder, pads, axes: axes, value: try node.optionalScalar(2, "constant_value") ?? 0)
  }

  private static func pad(
    _ node: NodeReader, _ builder: GraphBuilder, _ pads: [Int], axes: [Int]?, value: Double
  ) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "data"))
    let rank = builder.type(x).rank
    let axes = try axes?.map { try node.axis($0, rank: rank, "axes") } ?? Array(0..<rank)
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count else {
      throw PexError(.malformed, "pads: expected \(2 * axes.count) integers, found \(pads.count)")
    }
    guard !value.isNaN, pads.allSatisfy({ $0.magnitude <= 1 << 24 }) else {
      throw PexError(.malformed, "pads \(pads) with \(value) are out of range")
    }
    var before = Array(repeating: 0, count: rank)
    var after = before
    for (index, axis) in axes.enumerated() { (before[axis], after[axis]) = (pads[index], pads[index + axes.count]) }
    let mode = try node.string("mode", default: "constant")
    if mode != "constant" { return try repeating(x, before, after, mode, node, builder) }
    let hasCuts = (before + after).contains { $0 < 0 }
    let (front, back) = (before.map { max($0, 0) }, after.map { max($0, 0) })
    let isAll = front.allSatisfy { $0 == 0 } && back.allSatisfy { $0 == 0 }
    let kept = hasCuts ? try cut(x, before, after, node, builder, suffix: isAll ? nil : ".cut") : x
    if hasCuts, isAll { return [.computed(kept)] }
    let pad = Pad(before: front, after: back, value: value)
    return [.computed(try builder.emit(.pad(pad), [kept], for: node.node))]
  }

  private static func cut(
    _ x: ValueID, _ before: [Int], _ after: [Int], _ node: NodeReader, _ builder: GraphBuilder, suffix: String?
  ) throws -> ValueID {
    let dimensions = builder.type(x).dimensions
    var slice = StridedSlice(starts: dimensions.map { _ in 0 }, dimensions: dimensions)
    for (axis, dimension) in dimensions.enumerated() where before[axis] < 0 || after[axis] < 0 {
      guard case .fixed(let extent) = dimension else { throw PexError(.unsupported, "it cuts the batch") }
      let (front, back) = (max(-before[axis], 0), max(-after[axis], 0))
      guard front + back <= extent else {
        throw PexError(.malformed, "pads: \(before[axis]) and \(after[axis]) leave nothing of axis \(axis)")
      }
      (slice.starts[axis], slice.dimensions[axis]) = (front, .fixed(extent - front - back))
    }
    return try builder.emit(.slice(slice), [x], for: node.node, suffix: suffix)
  }

  private static func repeating(
    _ x: ValueID, _ before: [Int], _ after: [Int], _ mode: String, _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> [ImportedValue] {
    let axes = before.indices.filter { before[$0] != 0 || after[$0] != 0 }
    var result = x
    for axis in axes {
      guard case .fixed(let extent) = builder.type(x).dimensions[axis], extent > 0 else {
        throw PexError(.unsupported, "it pads the batch, or nothing")
      }
      guard -before[axis] < extent + after[axis] else {
        throw PexError(.malformed, "pads: \(before[axis]) and \(after[axis]) leave nothing of axis \(axis)")
      }
      let indices = try (-before[axis]..<extent + after[axis]).map { try source($0, extent, mode) }
      let gather = Gather(axis: axis, indices: indices)
      let suffix = axis == axes.last ? nil : ".axis\(axis)"
      result = try builder.emit(.gather(gather), [result], for: node.node, suffix: suffix)
    }
    if axes.isEmpty { result = try builder.emit(.identity(Identity()), [x], for: node.node) }
    return [.computed(result)]
  }

  /// The position whose element stands at `place`, which may lie outside.
  private static func source(_ place: Int, _ extent: Int, _ mode: String) throws -> Int {
    func wrapped(_ period: Int) -> Int { (place % period + period) % period }
    switch mode {
    case "edge": return min(max(place, 0), extent - 1)
    case "wrap": return wrapped(extent)
    case "reflect":
      guard extent > 1 else { return 0 }
      let within = wrapped(2 * (extent - 1))
      return min(within, 2 * (extent - 1) - within)
    default:
      throw PexError(
        .malformed, "attribute 'mode': expected constant, reflect, edge or wrap, found '\(mode)'")
    }
  }
}
