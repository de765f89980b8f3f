import PexGraph

/// What exits stand in front of: the value up to which a network looks at its input.
struct TrunkEnd {
  /// The value; nil for a graph without outputs.
  let value: ValueID?
  /// Whether a head may read that value itself.
  let isTap: Bool
  /// Whether the network classifies: then its own end says where maps lie, and how wide they are.
  let isClassifier: Bool

  /// The classifier's output. Of a network that classifies nothing, which may decode what it saw into a map, a list of boxes or
  /// a picture, what its first enlarging of a map reads: exits are places in the encoder, and that is the last one. Where
  /// nothing is enlarged, the output that most work goes into, which is a tap itself when it is as wide as a backbone's.
  init(_ graph: Graph) {
    if let classifier = graph.classifier, classifier.kind != .none || graph[classifier.output].type.rank == 2 {
      self.init(value: classifier.output, isTap: false, isClassifier: true)
      return
    }
    let needed = graph.ancestors(of: graph.outputs)
    var worked: Set<ValueID> = []
    for index in needed.nodes {
      let node = graph.nodes[index]
      let isWorked = node.inputs.contains(where: worked.contains)
      if isWorked, let input = node.inputs.first, Self.enlarges(node, in: graph) {
        self.init(value: input, isTap: true, isClassifier: false)
        return
      }
      if isWorked || node.operation.isWork { worked.formUnion(node.outputs) }
    }
    let output = Self.dearest(graph)
    let widest = needed.values.compactMap { graph[$0].constant == nil ? graph[$0].type.featureMap?.channels : nil }
      .max()
    let own = output.flatMap { graph[$0].type.featureMap?.channels }
    self.init(
      value: output, isTap: Self.isWide(own ?? 0, beside: widest ?? 1),
      isClassifier: graph.classifier == nil && own == nil)
  }

  private init(value: ValueID?, isTap: Bool, isClassifier: Bool) {
    (self.value, self.isTap, self.isClassifier) = (value, isTap, isClassifier)
  }

  /// So many outputs are looked at.
  private static let mostOutputs = 64

  /// The output that most work goes into; of equal ones the first.
  private static func dearest(_ graph: Graph) -> ValueID? {
    let costs = graph.outputs.prefix(mostOutputs).map { ($0, graph.cost(of: [$0]).multiplyAccumulates) }
    let most = costs.map(\.1).max()
    return costs.first { $0.1 == most }?.0
  }

  /// Whether a map has as many channels as tell classes apart where another has the most: what is much narrower is an answer
  /// already, boxes or labels of pixels.
  static func isWide(_ channels: Int, beside widest: Int) -> Bool { 2 * channels >= widest }

  private static func enlarges(_ node: Node, in graph: Graph) -> Bool {
    switch node.operation {
    case .transposedConvolution, .resize: break
    case .convolution, .pooling, .globalPooling, .batchNormalization, .linear, .unary, .binary, .concat, .reshape,
      .transpose, .softmax, .reduce, .pad, .identity, .lpPooling, .localResponseNormalization, .standardization, .slice,
      .gather, .tile, .argMax, .matrixProduct, .choice, .recurrent, .integerConvolution:
      return false
    }
    guard let before = node.inputs.first.flatMap({ graph[$0].type.featureMap }),
      let after = node.outputs.first.flatMap({ graph[$0].type.featureMap })
    else { return false }
    return zip(after.spatial, before.spatial).contains { $0 > $1 }
  }
}
