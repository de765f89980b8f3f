import PexGraph
import PexTensor

/// Operators that give all elements under other extents or in another order.
enum LayoutOperators {
  static let rows = [
    OperatorRow(op: "Concat", since: 1, function: concat),
    OperatorRow(op: "Flatten", since: 1, function: flatten),
    OperatorRow(op: "Reshape", since: 1, limit: "shape known beforehand", function: reshapeByAttribute),
    OperatorRow(op: "Reshape", since: 5, limit: "shape known beforehand", function: reshapeByInput),
    OperatorRow(op: "Squeeze", since: 1, function: squeeze),
    OperatorRow(op: "Unsqueeze", since: 1, function: unsqueeze),
    OperatorRow(op: "Transpose", since: 1, function: transpose),
    OperatorRow(op: "DepthToSpace", since: 1, function: depthToSpace),
    OperatorRow(op: "SpaceToDepth", since: 1, function: spaceToDepth),
  ]

  /// The axis was 1 where opsets before 4 left it out.
  private static func concat(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let axis = try node.optionalInteger("axis") ?? (node.opset < 4 ? 1 : nil) else {
      throw PexError(.malformed, "attribute 'axis' is missing")
    }
    var values = try (0..<node.inputCount).map { try node.input($0, "inputs") }
    guard !values.isEmpty else { throw PexError(.malformed, "input 0 (inputs) is missing") }
    if axis != 0, builder.hasFixedInputs { values = try spread(values, node, builder) }
    return [try builder.move(values, for: node.node) { .concat(Concat(axis: try node.axis(axis, rank: $0))) }]
  }

  /// Stored numbers of one sample beside values of every sample, as when an input was fixed: the same for each. They are added
  /// to zeros with the batch of the others, which comparing an element with itself gives whatever it is.
  private static func spread(
    _ values: [ImportedValue], _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> [ImportedValue] {
    let computed = values.lazy.compactMap { value in if case .computed(let id) = value { id } else { nil } }
    guard let other = computed.first(where: { builder.type($0).hasBatch }) else { return values }
    let rank = builder.type(other).rank
    return try values.enumerated().map { index, value in
      guard case .constant(_, let tensor) = value, tensor.shape.rank == rank, tensor.shape.dimensions.first == 1,
        !builder.type(other).perSample.contains(0)
      else { return value }
      let one = StridedSlice(
        starts: Array(repeating: 0, count: rank), dimensions: [.batch] + Array(repeating: 1, count: rank - 1),
        steps: Array(repeating: 1, count: rank))
      let element = try builder.emit(.slice(one), [other], for: node.node, suffix: ".element\(index)")
      let zero = try builder.emit(
        .binary(Binary(.less)), [element, element], for: node.node, suffix: ".zero\(index)")
      return .computed(
        try builder.emit(
          .binary(Binary(.add)), [zero, try builder.float(value)], for: node.node, suffix: ".spread\(index)"))
    }
  }

  private static func flatten(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "input")
    let dimensions = try Reshaping.dimensions(of: value, builder)
    let axis = try node.integer("axis", default: 1)
    let split = axis == dimensions.count ? axis : try node.axis(axis, rank: dimensions.count)
    let target = [try Reshaping.product(dimensions[..<split]), try Reshaping.product(dimensions[split...])]
    return [try Reshaping.reshape(value, target, node, builder)]
  }

  private static func reshapeByAttribute(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let target = try node.optionalIntegers("shape") else {
      throw PexError(.malformed, "attribute 'shape' is missing")
    }
    return try reshape(node, builder, target.map(Dimension.fixed), keepsZeros: false)
  }

  /// `allowzero` came with opset 14.
  private static func reshapeByInput(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let keepsZeros = try node.flag("allowzero", default: false)
    return try reshape(node, builder, try node.array(1, "shape").elements, keepsZeros: keepsZeros)
  }

  private static func reshape(
    _ node: NodeReader, _ builder: GraphBuilder, _ target: [Dimension], keepsZeros: Bool
  ) throws -> [ImportedValue] {
    let value = try node.input(0, "data")
    let dimensions = try Reshaping.dimensions(of: value, builder)
    let resolved = try Reshaping.resolve(
      target, from: dimensions, keepsZeros: keepsZeros, fileBatch: builder.fileBatch)
    return [try Reshaping.reshape(value, resolved, node, builder)]
  }

  /// Without axes, all extents of 1 go. Of a batch that may be 1 only the file can tell whether it is meant.
  private static func squeeze(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "data")
    let dimensions = try Reshaping.dimensions(of: value, builder)
    let given = try node.optionalAxes(inputSince: 13, rank: dimensions.count)
    if given == nil, dimensions.first == .batch, builder.fileBatch == 1 {
      throw PexError(.unsupported, "it removes the batch")
    }
    let axes = given ?? dimensions.indices.filter { dimensions[$0] == 1 }
    guard axes.allSatisfy({ dimensions[$0] == 1 }) else {
      throw PexError(.malformed, "axes \(axes) of \(dimensions) are not all 1")
    }
    let kept = dimensions.indices.filter { !axes.contains($0) }
    return [try Reshaping.reshape(value, kept.map { dimensions[$0] }, node, builder)]
  }

  private static func unsqueeze(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "data")
    var dimensions = try Reshaping.dimensions(of: value, builder)
    let count = try (node.opset < 13 ? nil : node.optionalIntegers(1, "axes")?.count) ?? axesCount(node)
    guard let axes = try node.optionalAxes(inputSince: 13, rank: dimensions.count + count) else {
      throw PexError(.malformed, "axes are missing")
    }
    // Ascending, so that every axis is where it belongs when the later ones are inserted.
    for axis in axes { dimensions.insert(1, at: axis) }
    return [try Reshaping.reshape(value, dimensions, node, builder)]
  }

  private static func axesCount(_ node: NodeReader) -> Int {
    for attribute in node.node.attributes where attribute.name == "axes" {
      if case .integers(let axes) = attribute.value { return axes.count }
    }
    return 0
  }

  private static func transpose(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "data")
    let rank = try Reshaping.dimensions(of: value, builder).count
    let permutation = try node.optionalIntegers("perm") ?? (0..<rank).reversed()
    if case .constant(_, let numbers) = value, numbers.dtype == .float32, rank == 2, permutation == [1, 0] {
      return [.constant(name: node.node.outputs.first ?? "", try numbers.transposedMatrix())]
    }
    if permutation == [0, 3, 1, 2], case .computed(let id) = value, let input = builder.channelsFirst(id) {
      return [.computed(try builder.emit(.identity(Identity()), [input], for: node.node))]
    }
    return [try builder.move([value], for: node.node) { _ in .transpose(Transpose(permutation)) }]
  }

  /// `mode` came with opset 11; before, columns come out depth first (`DCR`).
  private static func depthToSpace(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let (x, map, block) = try map(node, builder)
    guard map.count == 4, map[1] % (block * block) == 0 else {
      throw PexError(.malformed, "attribute 'blocksize': blocks of \(block) do not fit an input of \(map)")
    }
    let (depth, height, width) = (map[1] / (block * block), map[2], map[3])
    let isColumnFirst = try isColumnFirst(node)
    let parts = isColumnFirst ? [depth, block, block, height, width] : [block, block, depth, height, width]
    return try rearrange(
      x, parts, isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2], [depth, height * block, width * block], node,
      builder)
  }

  private static func spaceToDepth(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let (x, map, block) = try map(node, builder)
    guard map.count == 4, map[2] > 0, map[3] > 0, map[2] % block == 0, map[3] % block == 0 else {
      throw PexError(.malformed, "attribute 'blocksize': blocks of \(block) do not fit an input of \(map)")
    }
    let (height, width) = (map[2] / block, map[3] / block)
    return try rearrange(
      x, [map[1], height, block, width, block], try isColumnFirst(node) ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4],
      [map[1] * block * block, height, width], node, builder)
  }

  private static func map(
    _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> (x: ValueID, extents: [Int], block: Int) {
    let x = try builder.float(node.input(0, "input"))
    let block = try node.integer("blocksize", default: 0)
    guard (1...1 << 12).contains(block) else {
      throw PexError(.malformed, "attribute 'blocksize': expected 1…4096, found \(block)")
    }
    return (x, builder.type(x).perSample, block)
  }

  private static func isColumnFirst(_ node: NodeReader) throws -> Bool {
    let mode = try node.string("mode", default: "DCR")
    guard mode == "DCR" || mode == "CRD" else {
      throw PexError(.malformed, "attribute 'mode': expected DCR or CRD, found '\(mode)'")
    }
    return mode == "CRD"
  }

  /// A map taken apart into `parts`, its axes reordered, and put together again.
  private static func rearrange(
    _ x: ValueID, _ parts: [Int], _ permutation: [Int], _ result: [Int], _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> [ImportedValue] {
    guard let batch = builder.type(x).dimensions.first else {
      throw PexError(.malformed, "expected an input [N,C,H,W]")
    }
    func reshape(_ extents: [Int]) -> Operation { .reshape(Reshape([batch] + extents.map(Dimension.fixed))) }
    let apart = try builder.emit(reshape(parts), [x], for: node.node, suffix: ".parts")
    let turned = try builder.emit(.transpose(Transpose(permutation)), [apart], for: node.node, suffix: ".turned")
    return [.computed(try builder.emit(reshape(result), [turned], for: node.node))]
  }
}
