import PexGraph
import PexTensor

extension Reference {
  /// Computes a whole graph.
  ///
  /// - Parameters:
  ///   - graph: a verified graph.
  ///   - inputs: one tensor an input, in the graph's order; a symbolic batch takes any outermost extent.
  ///   - keeping: which values to answer with; the graph's outputs when nil.
  /// - Returns: the values asked for, in that order.
  /// - Throws: ``PexError`` (malformed) when an input's shape differs from the graph's.
  public static func run(_ graph: Graph, inputs: [Tensor], keeping: [ValueID]? = nil) throws -> [Tensor] {
    guard inputs.count == graph.inputs.count else {
      throw PexError(.malformed, "expected \(graph.inputs.count) inputs, found \(inputs.count)")
    }
    var computed: [ValueID: Tensor] = [:]
    for (input, tensor) in zip(graph.inputs, inputs) {
      let type = graph[input.value].type
      let fits =
        type.rank == tensor.shape.rank
        && zip(type.dimensions, tensor.shape.dimensions).allSatisfy { $0 == .batch || $0 == .fixed($1) }
      guard fits else {
        throw PexError(.malformed, "input '\(graph[input.value].name)': expected \(type), found \(tensor.shape)")
      }
      computed[input.value] = tensor
    }
    func value(_ id: ValueID) throws -> Tensor {
      guard let tensor = computed[id] ?? graph[id].constant else {
        throw PexError(.defect, "'\(graph[id].name)' is not computed")
      }
      return tensor
    }
    let wanted = keeping ?? graph.outputs
    for index in graph.ancestors(of: wanted).nodes {
      let node = graph.nodes[index]
      let results = try naming("node '\(node.name)'") { try evaluate(node.operation, try node.inputs.map(value)) }
      for (id, tensor) in zip(node.outputs, results) { computed[id] = tensor }
    }
    return try wanted.map(value)
  }
}
