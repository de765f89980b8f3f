import PexGraph

extension Trunk {
  /// For every value of which it is known, the axis that its channels lie on.
  ///
  /// Convolutions give channels on axis 1. Transpositions move them, products with a stored matrix give them on the last
  /// axis, and what works element by element, along other axes or on whole maps leaves them where they are. A reshaping
  /// that keeps all axes up to the channels keeps them too; behind any other nothing is known.
  func channelAxes() -> [ValueID: Int] {
    var axes: [ValueID: Int] = [:]
    for index in nodes {
      let node = graph.nodes[index]
      guard let axis = channelAxis(behind: node, axes) else { continue }
      for output in node.outputs { axes[output] = axis }
    }
    return axes
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
    case .reshape:
      guard let axis = axes[input], axis < after.rank, before.dimensions[...axis] == after.dimensions[...axis] else {
        return nil
      }
      return axis
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
}
