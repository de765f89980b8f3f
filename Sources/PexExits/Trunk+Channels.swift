import PexGraph

extension Trunk {
  /// For every value of which it is known, the axis that its channels lie on.
  ///
  /// Convolutions give channels on axis 1. Transpositions move them, products with a stored matrix give them on the last
  /// axis, and what works element by element, along other axes or on whole maps leaves them where they are. A reshaping
  /// keeps them where an axis of as many elements has as many behind it; behind any other nothing is known but by what
  /// reads the value: recurrent layers and products with a stored matrix want them last.
  func channelAxes() -> [ValueID: Int] {
    var axes: [ValueID: Int] = [:]
    for index in nodes {
      let node = graph.nodes[index]
      guard let axis = channelAxis(behind: node, axes) else { continue }
      for output in node.outputs { axes[output] = axis }
    }
    for index in nodes.reversed() {
      let node = graph.nodes[index]
      guard let input = node.inputs.first, axes[input] == nil, let axis = channelAxis(wantedBy: node, axes) else {
        continue
      }
      axes[input] = axis
    }
    return axes
  }

  /// The axis on which a node wants the channels of what it reads; nil where it does not say.
  private func channelAxis(wantedBy node: Node, _ axes: [ValueID: Int]) -> Int? {
    guard let input = node.inputs.first, let output = node.outputs.first else { return nil }
    let type = graph[input].type
    switch node.operation {
    case .recurrent: return type.rank - 1
    case .matrixProduct:
      return node.inputs.last.flatMap { graph[$0].constant } == nil ? nil : type.rank - 1
    case .reshape: return axes[output].flatMap { self.axis($0, of: graph[output].type, in: type) }
    case .transpose(let transpose): return axes[output].map { transpose.permutation[$0] }
    default: return nil
    }
  }

  private func channelAxis(behind node: Node, _ axes: [ValueID: Int]) -> Int? {
    guard let input = node.inputs.first, let output = node.outputs.first else { return nil }
    let (before, after) = (graph[input].type, graph[output].type)
    switch node.operation {
    case .convolution, .transposedConvolution, .integerConvolution: return 1
    case .matrixProduct:
      guard let weight = node.inputs.last, graph[weight].constant != nil else { return nil }
      // A product along another axis than the channels' leaves them where they are.
      return axes[input].map { $0 == before.rank - 1 ? after.rank - 1 : $0 } ?? after.rank - 1
    case .transpose(let transpose): return axes[input].flatMap { transpose.permutation.firstIndex(of: $0) }
    case .reshape: return axes[input].flatMap { self.axis($0, of: before, in: after) }
    case .binary, .concat, .choice:
      // Operands of fewer axes lie behind the first ones of the others.
      return node.inputs.lazy.compactMap { input in
        axes[input].map { $0 + after.rank - graph[input].type.rank }
      }.first
    case .identity, .unary, .pooling, .globalPooling, .lpPooling, .batchNormalization, .localResponseNormalization,
      .standardization, .softmax, .pad, .slice, .tile, .resize:
      return axes[input]
    case .reduce(let reduce):
      guard let axis = axes[input], !reduce.axes.contains(axis) else { return nil }
      return before.rank == after.rank ? axis : axis - reduce.axes.filter { $0 < axis }.count
    case .gather, .argMax: return before.rank == after.rank ? axes[input] : nil
    case .linear, .recurrent: return nil
    }
  }

  /// The axis of the same elements under other extents that is the given one: as many elements, and as many behind it.
  private func axis(_ axis: Int, of type: ValueType, in other: ValueType) -> Int? {
    guard type.dimensions[axis] != 1 else { return nil }
    func behind(_ axis: Int, _ type: ValueType) -> Int { type.perSample.dropFirst(axis + 1).reduce(1, *) }
    return other.dimensions.indices.first {
      other.dimensions[$0] == type.dimensions[axis] && behind($0, other) == behind(axis, type)
    }
  }
}
