import PexGraph
import PexTensor

/// Operators on shapes. They are computed on import; nothing of them is left in the graph.
enum ShapeOperators {
  static let rows = [
    OperatorRow(op: "Shape", since: 1, function: shape),
    OperatorRow(op: "Gather", since: 1, function: gather),
    OperatorRow(op: "Slice", since: 1, function: sliceByAttributes),
    OperatorRow(op: "Slice", since: 10, function: sliceByInputs),
  ]

  /// `start` and `end` came with opset 15.
  private static func shape(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let dimensions = try Reshaping.dimensions(of: node.input(0, "data"), builder)
    let range = bounds(
      try node.integer("start", default: 0), try node.integer("end", default: dimensions.count),
      count: dimensions.count)
    return [.vector(try ShapeVector(Array(dimensions[range])))]
  }

  private static func gather(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let data = try list(node)
    _ = try node.axis(node.integer("axis", default: 0), rank: 1)
    let indices = try node.vector(1, "indices")
    let elements = try node.integers(1, "indices").map {
      data.elements[try node.axis($0, rank: data.elements.count, "indices")]
    }
    return [.vector(try ShapeVector(elements, isScalar: indices.isScalar))]
  }

  private static func sliceByAttributes(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let starts = try node.optionalIntegers("starts"), let ends = try node.optionalIntegers("ends") else {
      throw PexError(.malformed, "attributes 'starts' and 'ends' are missing")
    }
    return try slice(node, starts, ends, axes: try node.optionalIntegers("axes"), steps: nil)
  }

  private static func sliceByInputs(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    return try slice(
      node, try node.integers(1, "starts"), try node.integers(2, "ends"), axes: try node.optionalIntegers(3, "axes"),
      steps: try node.optionalIntegers(4, "steps"))
  }

  private static func slice(
    _ node: NodeReader, _ starts: [Int], _ ends: [Int], axes: [Int]?, steps: [Int]?
  ) throws -> [ImportedValue] {
    let data = try list(node)
    guard let start = starts.first, let end = ends.first, starts.count == 1, ends.count == 1,
      axes == nil || axes == [0] || axes == [-1], steps == nil || steps == [1] || steps == [-1]
    else { throw PexError(.unsupported, "of a list of integers only one run of neighbours can be taken") }
    guard steps == [-1] else {
      return [.vector(try ShapeVector(Array(data.elements[bounds(start, end, count: data.elements.count)])))]
    }
    // Backwards from `start` down to, and without, `end`: the run between them, turned round.
    let count = data.elements.count
    let last = min(start < 0 ? start.addingReportingOverflow(count).partialValue : start, count - 1)
    let stop = end < 0 ? max(end.addingReportingOverflow(count).partialValue, -1) : end
    guard last > stop, last >= 0 else { return [.vector(try ShapeVector([]))] }
    return [.vector(try ShapeVector(data.elements[(stop + 1)...last].reversed()))]
  }

  /// A range of positions as slices give it: negative ones count from the back, those outside are moved to the end.
  private static func bounds(_ start: Int, _ end: Int, count: Int) -> Range<Int> {
    func position(_ index: Int) -> Int { min(max(index < 0 ? index + count : index, 0), count) }
    let first = position(start)
    return first..<max(first, position(end))
  }

  private static func list(_ node: NodeReader) throws -> ShapeVector {
    switch try node.input(0, "data") {
    case .vector(let vector) where !vector.isScalar: return vector
    case .vector: throw PexError(.malformed, "input 0 (data): expected a list, found one integer")
    case .computed, .constant:
      throw PexError(.unsupported, "input 0 (data): only lists of integers known beforehand are supported")
    }
  }
}
