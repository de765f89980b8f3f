import PexGraph
import PexTensor

/// Normalisation by the statistics of the sample itself.
enum OwnStatisticsOperators {
  static let rows = [
    OperatorRow(op: "InstanceNormalization", since: 1, function: instanceNormalization),
    OperatorRow(op: "GroupNormalization", since: 18, function: groupNormalization),
    OperatorRow(op: "LayerNormalization", since: 17, function: layerNormalization),
    OperatorRow(op: "LRN", since: 1, function: localResponseNormalization),
  ]

  private static let epsilon = Double(1e-5 as Float)

  private static func instanceNormalization(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "input"))
    let type = builder.type(x)
    guard type.rank >= 3 else { throw PexError(.malformed, "expected an input [N,C,spatial…], found \(type)") }
    let operation = Standardization(axis: 2, epsilon: try node.float("epsilon", default: epsilon))
    let standard = try builder.emit(.standardization(operation), [x], for: node.node, suffix: ".standard")
    let extents = [type.perSample[1]] + Array(repeating: 1, count: type.rank - 2)
    return [.computed(try scaled(standard, node, builder, extents))]
  }

  /// Scale and bias belong to groups in opset 18 and to channels from 21 on.
  private static func groupNormalization(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("stash_type")
    let x = try builder.float(node.input(0, "X"))
    let type = builder.type(x)
    guard type.rank >= 3, let batch = type.dimensions.first else {
      throw PexError(.malformed, "expected an input [N,C,spatial…], found \(type)")
    }
    let (channels, groups) = (type.perSample[1], try node.integer("num_groups", default: 0))
    guard groups >= 1, channels % groups == 0 else {
      throw PexError(.malformed, "attribute 'num_groups': \(channels) channels cannot be divided by \(groups)")
    }
    let count = try Shape(Array(type.perSample.dropFirst())).count / groups
    func reshape(_ dimensions: [Dimension]) -> Operation { .reshape(Reshape(dimensions)) }
    let parted = try builder.emit(
      reshape([batch, .fixed(groups), .fixed(count)]), [x], for: node.node, suffix: ".groups")
    let operation = Standardization(axis: 2, epsilon: try node.float("epsilon", default: epsilon))
    let standard = try builder.emit(.standardization(operation), [parted], for: node.node, suffix: ".standard")
    if node.opset < 21 {
      let scaled = try scaled(standard, node, builder, [groups, 1], suffix: ".scaled")
      return [.computed(try builder.emit(reshape(type.dimensions), [scaled], for: node.node))]
    }
    let whole = try builder.emit(reshape(type.dimensions), [standard], for: node.node, suffix: ".channels")
    let extents = [channels] + Array(repeating: 1, count: type.rank - 2)
    return [.computed(try scaled(whole, node, builder, extents))]
  }

  /// Mean and inverse deviation are further outputs.
  private static func layerNormalization(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("stash_type")
    let x = try builder.float(node.input(0, "X"))
    let rank = builder.type(x).rank
    let axis = try node.axis(node.integer("axis", default: -1), rank: rank)
    let operation = Standardization(axis: axis, epsilon: try node.float("epsilon", default: epsilon))
    let standard = try builder.emit(.standardization(operation), [x], for: node.node, suffix: ".standard")
    var results = [ImportedValue.computed(try scaled(standard, node, builder, nil))]
    guard node.gives(1) || node.gives(2) else { return results }
    let reduction = Operation.reduce(Reduce(.mean, axes: Array(axis..<rank), keepsAxes: true))
    let mean = try builder.emit(reduction, [x], for: node.node, output: 1, suffix: node.gives(1) ? nil : ".mean")
    results.append(.computed(mean))
    guard node.gives(2) else { return results }
    let constant = try builder.addConstant(node.node.outputs[2], suffix: ".epsilon") {
      try Tensor([], [Float(operation.epsilon)])
    }
    var value = try builder.emit(.binary(Binary(.subtract)), [x, mean], for: node.node, output: 2, suffix: ".centred")
    value = try builder.emit(.binary(Binary(.multiply)), [value, value], for: node.node, output: 2, suffix: ".squares")
    value = try builder.emit(reduction, [value], for: node.node, output: 2, suffix: ".variance")
    value = try builder.emit(.binary(Binary(.add)), [value, constant], for: node.node, output: 2, suffix: ".shifted")
    value = try builder.emit(.unary(Unary(.squareRoot)), [value], for: node.node, output: 2, suffix: ".deviation")
    results.append(.computed(try builder.emit(.unary(Unary(.reciprocal)), [value], for: node.node, output: 2)))
    return results
  }

  /// `standard * scale + bias`, the inputs 1 and 2.
  /// - Parameter extents: those under which scale and bias are broadcast; their own when nil.
  private static func scaled(
    _ standard: ValueID, _ node: NodeReader, _ builder: GraphBuilder, _ extents: [Int]?, suffix: String? = nil
  ) throws -> ValueID {
    func factor(_ index: Int, _ label: String) throws -> ValueID {
      let value = try builder.float(node.input(index, label))
      guard let extents else { return value }
      guard builder.type(value).dimensions == [.fixed(extents[0])] else {
        throw PexError(
          .malformed, "input \(index) (\(label)): expected [\(extents[0])], found \(builder.type(value))")
      }
      let reshape = Reshape(extents.map(Dimension.fixed))
      return try builder.emit(.reshape(reshape), [value], for: node.node, suffix: ".\(label)")
    }
    let hasBias = node.optionalInput(2) != nil
    let scale = try factor(1, "scale")
    let product = try builder.emit(
      .binary(Binary(.multiply)), [standard, scale], for: node.node, suffix: hasBias ? ".product" : suffix)
    guard hasBias else { return product }
    return try builder.emit(.binary(Binary(.add)), [product, factor(2, "bias")], for: node.node, suffix: suffix)
  }

  private static func localResponseNormalization(
    _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> [ImportedValue] {
    guard let size = try node.optionalInteger("size") else { throw PexError(.malformed, "attribute 'size' is missing") }
    let operation = LocalResponseNormalization(
      size: size, alpha: try node.float("alpha", default: Double(1e-4 as Float)),
      beta: try node.float("beta", default: 0.75), bias: try node.float("bias", default: 1))
    let x = try builder.float(node.input(0, "X"))
    return [.computed(try builder.emit(.localResponseNormalization(operation), [x], for: node.node))]
  }
}
