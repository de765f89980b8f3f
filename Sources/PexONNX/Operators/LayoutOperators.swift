import PexGraph
import PexTensor

/// Operators that move elements without computing: reshapes, transpositions, joining and padding.
enum LayoutOperators {
  static let rows = [
    OperatorRow(op: "Concat", since: 1, function: concat),
    OperatorRow(op: "Flatten", since: 1, function: flatten),
    OperatorRow(op: "Reshape", since: 5, function: reshape),
    OperatorRow(op: "Squeeze", since: 1, function: squeeze),
    OperatorRow(op: "Unsqueeze", since: 1, function: unsqueeze),
    OperatorRow(op: "Transpose", since: 1, function: transpose),
    OperatorRow(op: "Pad", since: 2, function: padByAttributes),
    OperatorRow(op: "Pad", since: 11, function: padByInputs),
  ]

  /// The axis was 1 where opsets before 4 left it out.
  private static func concat(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let axis = try node.optionalInteger("axis") ?? (node.opset < 4 ? 1 : nil) else {
      throw PexError(.malformed, "attribute 'axis' is missing")
    }
    let values = try (0..<node.inputCount).map { try node.input($0, "inputs") }
    guard let first = values.first else { throw PexError(.malformed, "input 0 (inputs) is missing") }
    if case .vector = first {
      _ = try node.axis(axis, rank: 1)
      return [.vector(try ShapeVector((0..<values.count).flatMap { try node.vector($0, "inputs").elements }))]
    }
    let inputs = try values.map(builder.float)
    let concat = Concat(axis: try node.axis(axis, rank: builder.type(inputs[0]).rank))
    return [.computed(try builder.emit(.concat(concat), inputs, for: node.node))]
  }

  private static func flatten(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "input")
    let dimensions = try Reshaping.dimensions(of: value, builder)
    let axis = try node.integer("axis", default: 1)
    let split = axis == dimensions.count ? axis : try node.axis(axis, rank: dimensions.count)
    let target = [try Reshaping.product(dimensions[..<split]), try Reshaping.product(dimensions[split...])]
    return [try Reshaping.reshape(value, target, node, builder)]
  }

  private static func reshape(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let value = try node.input(0, "data")
    let target = try node.vector(1, "shape").elements
    let keepsZeros = try node.flag("allowzero", default: false)
    if case .vector(let vector) = value {
      guard target.count <= 1, target.allSatisfy({ $0 == -1 || $0 == .fixed(vector.elements.count) }) else {
        throw PexError(.unsupported, "a list of integers cannot be reshaped to \(target)")
      }
      return [.vector(try ShapeVector(vector.elements, isScalar: target.isEmpty))]
    }
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
    if case .vector(let vector) = value {
      return [.vector(try ShapeVector(vector.elements, isScalar: kept.isEmpty))]
    }
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
    if case .vector(let vector) = value {
      guard dimensions.count <= 1 else { throw PexError(.unsupported, "a list of integers cannot become a matrix") }
      return [.vector(try ShapeVector(vector.elements))]
    }
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
    if case .vector = value, permutation == Array(0..<rank) { return [value] }
    if case .constant(_, let numbers) = value, numbers.dtype == .float32, rank == 2, permutation == [1, 0] {
      return [.constant(name: node.node.outputs.first ?? "", try numbers.transposedMatrix())]
    }
    let x = try builder.float(value)
    return [.computed(try builder.emit(.transpose(Transpose(permutation)), [x], for: node.node))]
  }

  private static func padByAttributes(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard let pads = try node.optionalIntegers("pads") else {
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
    let mode = try node.string("mode", default: "constant")
    guard mode == "constant" else {
      throw PexError(.unsupported, "attribute 'mode': expected constant, found '\(mode)'")
    }
    let axes = try axes?.map { try node.axis($0, rank: rank, "axes") } ?? Array(0..<rank)
    guard pads.count == 2 * axes.count, Set(axes).count == axes.count else {
      throw PexError(.malformed, "pads: expected \(2 * axes.count) integers, found \(pads.count)")
    }
    guard pads.allSatisfy({ $0 >= 0 }), !value.isNaN else {
      throw PexError(.unsupported, "pads \(pads): cutting off with negative padding is not supported")
    }
    var before = Array(repeating: 0, count: rank)
    var after = before
    for (index, axis) in axes.enumerated() {
      before[axis] = pads[index]
      after[axis] = pads[index + axes.count]
    }
    return [.computed(try builder.emit(.pad(Pad(before: before, after: after, value: value)), [x], for: node.node))]
  }
}
