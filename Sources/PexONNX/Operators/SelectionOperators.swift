import PexGraph
import PexTensor

/// Operators that take some of the elements, or all of them several times.
enum SelectionOperators {
  static let rows = [
    OperatorRow(op: "Gather", since: 1, limit: "indices known beforehand", function: gather),
    OperatorRow(op: "GatherND", since: 11, limit: "indices known beforehand", function: gatherPlaces),
    OperatorRow(op: "Slice", since: 1, limit: "bounds known beforehand", function: sliceByAttributes),
    OperatorRow(op: "Slice", since: 10, limit: "bounds known beforehand", function: sliceByInputs),
    OperatorRow(op: "Split", since: 1, limit: "bounds known beforehand", function: split),
    OperatorRow(op: "Expand", since: 8, limit: "bounds known beforehand", function: expand),
    OperatorRow(op: "Tile", since: 1, limit: "bounds known beforehand", function: tileAlongAxis),
    OperatorRow(op: "Tile", since: 6, limit: "bounds known beforehand", function: tile),
  ]

  /// The axis gives way to the axes of the indices.
  private static func gather(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let data = try node.input(0, "data")
    let dimensions = try Reshaping.dimensions(of: data, builder)
    let axis = try node.axis(node.integer("axis", default: 0), rank: dimensions.count)
    guard case .fixed(let extent) = dimensions[axis] else {
      throw PexError(.unsupported, "it takes samples out of the batch")
    }
    let shape = try node.array(1, "indices").extents
    let indices = try node.integers(1, "indices").map { try node.axis($0, rank: extent, "indices") }
    let isList = shape.count == 1
    let taken = try builder.move([data], for: node.node, suffix: isList ? nil : ".list") { _ in
      .gather(Gather(axis: axis, indices: indices))
    }
    guard !isList else { return [taken] }
    let target = dimensions[..<axis] + shape.map(Dimension.fixed) + dimensions[(axis + 1)...]
    return [try Reshaping.reshape(taken, Array(target), node, builder)]
  }

  /// Every list of indices is a place on the first axes, behind `batch_dims` axes that data and indices share. These
  /// axes are taken as one, on which a place is one position.
  private static func gatherPlaces(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let data = try node.input(0, "data")
    let dimensions = try Reshaping.dimensions(of: data, builder)
    let shape = try node.array(1, "indices").extents
    let numbers = try node.integers(1, "indices")
    let shared = try node.integer("batch_dims", default: 0)
    guard let length = shape.last, length >= 1, (0..<shape.count).contains(shared), shared + length <= dimensions.count
    else {
      throw PexError(
        .malformed, "input 1 (indices): places \(shape) behind \(shared) axes do not fit \(dimensions.count) axes")
    }
    let depth = shared + length
    let extents = try dimensions[..<depth].map { dimension in
      guard case .fixed(let extent) = dimension else {
        throw PexError(.unsupported, "it takes samples out of the batch")
      }
      return extent
    }
    guard Array(shape[..<shared]) == Array(extents[..<shared]) else {
      throw PexError(.malformed, "input 1 (indices): \(shape) and \(dimensions) differ in their first \(shared) axes")
    }
    let groups = extents[..<shared].reduce(1, *)
    let perGroup = shape[shared...].dropLast().reduce(1, *)
    let positions = try (0..<groups * perGroup).map { place in
      try (0..<length).reduce(place / max(perGroup, 1)) { position, axis in
        let extent = extents[shared + axis]
        return try position * extent + node.axis(numbers[place * length + axis], rank: extent, "indices")
      }
    }
    let rest = Array(dimensions[depth...])
    let flat = try Reshaping.reshape(
      data, [.fixed(extents.reduce(1, *))] + rest, node, builder, suffix: ".places")
    let taken = try builder.move([flat], for: node.node, suffix: ".taken") { _ in
      .gather(Gather(axis: 0, indices: positions))
    }
    return [try Reshaping.reshape(taken, shape.dropLast().map(Dimension.fixed) + rest, node, builder)]
  }

  private static func sliceByAttributes(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let starts = try node.optionalIntegers("starts"), let ends = try node.optionalIntegers("ends") else {
      throw PexError(.malformed, "attributes 'starts' and 'ends' are missing")
    }
    return try slice(
      node, builder, starts, ends.map(Dimension.fixed), axes: try node.optionalIntegers("axes"), steps: nil)
  }

  private static func sliceByInputs(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    return try slice(
      node, builder, try node.integers(1, "starts"), try node.array(2, "ends").elements,
      axes: try node.optionalIntegers(3, "axes"), steps: try node.optionalIntegers(4, "steps"))
  }

  private static func slice(
    _ node: NodeReader, _ builder: GraphBuilder, _ starts: [Int], _ ends: [Dimension], axes: [Int]?, steps: [Int]?
  ) throws -> [ImportedValue] {
    let data = try node.input(0, "data")
    let dimensions = try Reshaping.dimensions(of: data, builder)
    let axes = try (axes ?? Array(0..<starts.count)).map { try node.axis($0, rank: dimensions.count, "axes") }
    guard ends.count == starts.count, axes.count == starts.count, steps?.count ?? starts.count == starts.count,
      Set(axes).count == axes.count
    else { throw PexError(.malformed, "starts, ends, axes and steps differ in number, or an axis occurs twice") }
    var result = StridedSlice(starts: dimensions.map { _ in 0 }, dimensions: dimensions)
    for (index, axis) in axes.enumerated() {
      let step = steps?[index] ?? 1
      guard case .fixed(let extent) = dimensions[axis] else {
        // Ends far behind every batch mean all of it.
        let isWhole = ends[index] == .batch || ends[index].perSample >= Int(Int32.max)
        guard starts[index] == 0, step == 1, isWhole else {
          throw PexError(.unsupported, "it takes samples out of the batch")
        }
        continue
      }
      guard case .fixed(let end) = ends[index], step != 0, step > Int.min else {
        throw PexError(.unsupported, "axis \(axis) ends at \(ends[index]), in steps of \(step)")
      }
      let run = Self.run(from: starts[index], to: end, step: step, extent: extent)
      (result.starts[axis], result.dimensions[axis], result.steps[axis]) = (run.start, .fixed(run.count), step)
    }
    return [try builder.move([data], for: node.node) { _ in .slice(result) }]
  }

  /// Positions that a slice means: negative ones count from the back, those outside are moved to the ends.
  private static func run(from start: Int, to end: Int, step: Int, extent: Int) -> (start: Int, count: Int) {
    func position(_ index: Int, _ range: ClosedRange<Int>) -> Int {
      let place = index < 0 ? index.addingReportingOverflow(extent).partialValue : index
      return min(max(place, range.lowerBound), range.upperBound)
    }
    if extent == 0 { return (0, 0) }
    let first = position(start, 0...(step > 0 ? extent : extent - 1))
    let last = step > 0 ? position(end, 0...extent) : (end < -extent ? -1 : position(end, -1...extent - 1))
    let way = step > 0 ? last - first : first - last
    return way > 0 ? (first, (way - 1) / Int(step.magnitude) + 1) : (0, 0)
  }

  /// The parts' extents were an attribute before opset 13; their number may be told instead from opset 18 on.
  private static func split(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let data = try node.input(0, "input")
    let dimensions = try Reshaping.dimensions(of: data, builder)
    let axis = try node.axis(node.integer("axis", default: 0), rank: dimensions.count)
    let given = try node.optionalIntegers("split") ?? node.optionalIntegers(1, "split")
    let parts = try node.optionalInteger("num_outputs") ?? given?.count ?? node.node.outputs.count
    guard case .fixed(let extent) = dimensions[axis] else { throw PexError(.unsupported, "it splits the batch") }
    guard (1...KnownIntegers.countLimit).contains(parts) else {
      throw PexError(.malformed, "expected 1…\(KnownIntegers.countLimit) parts, found \(parts)")
    }
    // All parts are as large; only the last one may be smaller, which is new in opset 18.
    let size = (extent + parts - 1) / parts
    let counts = given ?? (0..<parts).map { min(size, max(extent - $0 * size, 0)) }
    // What is left is counted down: a sum of parts might overflow.
    let left = counts.reduce(Optional(extent)) { left, count in
      left.flatMap { (0...$0).contains(count) ? $0 - count : nil }
    }
    guard left == 0, given != nil || node.opset >= 18 || extent % parts == 0 else {
      throw PexError(.malformed, "parts of \(counts) do not make up the \(extent) elements of axis \(axis)")
    }
    var start = 0
    return try counts.enumerated().map { index, count in
      var slice = StridedSlice(starts: dimensions.map { _ in 0 }, dimensions: dimensions)
      (slice.starts[axis], slice.dimensions[axis]) = (count == 0 ? 0 : start, .fixed(count))
      start += count
      return try builder.move([data], for: node.node, output: index) { _ in .slice(slice) }
    }
  }

  /// Extents of 1 are repeated, and missing ones in front added.
  private static func expand(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let data = try node.input(0, "input")
    let dimensions = try Reshaping.dimensions(of: data, builder)
    let shape = try node.array(1, "shape").elements
    let rank = max(shape.count, dimensions.count)
    let before = Array(repeating: Dimension.fixed(1), count: rank - dimensions.count) + dimensions
    let wanted = Array(repeating: Dimension.fixed(1), count: rank - shape.count) + shape
    let spreads = before.first == 1 && wanted.first == .batch
    let repeats = try zip(before, wanted).enumerated().map { axis, pair -> Int in
      let (extent, wanted) = pair
      if wanted == 1 || wanted == extent || spreads && axis == 0 { return 1 }
      if extent == .batch, let batch = builder.fileBatch, wanted == .fixed(batch) { return 1 }
      guard extent == 1, case .fixed(let count) = wanted, count >= 0 else {
        throw PexError(.unsupported, "\(dimensions) cannot be expanded to \(shape)")
      }
      return count
    }
    let isSame = rank == dimensions.count
    let value = isSame ? data : try Reshaping.reshape(data, before, node, builder, suffix: ".shape")
    guard spreads else { return [try repeated(value, repeats, node, builder)] }
    // A class token for every sample: the graph has no value of so many samples but what comes from an input.
    let tiled = try builder.float(try repeated(value, repeats, node, builder, suffix: ".one"))
    let zeros = try builder.zeros(rank: rank, for: node.node)
    return [.computed(try builder.emit(.binary(Binary(.add)), [zeros, tiled], for: node.node))]
  }

  private static func tile(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    try [repeated(node.input(0, "input"), node.integers(1, "repeats"), node, builder)]
  }

  /// Up to opset 5: so many times along one axis.
  private static func tileAlongAxis(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let data = try node.input(0, "input")
    let rank = try Reshaping.dimensions(of: data, builder).count
    guard let tiles = try node.optionalScalar(1, "tiles"), let axis = try node.optionalScalar(2, "axis"),
      let count = Int(exactly: tiles), let place = Int(exactly: axis)
    else { throw PexError(.malformed, "expected whole numbers of tiles and for the axis") }
    var repeats = Array(repeating: 1, count: rank)
    repeats[try node.axis(place, rank: rank)] = count
    return [try repeated(data, repeats, node, builder)]
  }

  private static func repeated(
    _ value: ImportedValue, _ repeats: [Int], _ node: NodeReader, _ builder: GraphBuilder, suffix: String? = nil
  ) throws -> ImportedValue {
    try builder.move([value], for: node.node, suffix: suffix) { _ in .tile(Tile(repeats: repeats)) }
  }
}
