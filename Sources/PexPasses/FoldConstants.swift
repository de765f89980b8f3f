import PexGraph
import PexReference
import PexTensor

/// Computes nodes that read only constants, with the reference interpreter.
///
/// Before:
///
///     constant %a: f32[2] = values 1 2
///     constant %b: f32[2] = values 3 4
///     %c = binary(%a, %b) {kind=add}
///     %y = binary(%x, %c) {kind=multiply}
///
/// After:
///
///     constant %c: f32[2] = values 4 6
///     %y = binary(%x, %c) {kind=multiply}
///
/// Results of more than 2^28 elements are left to be computed at run time, so that a small file cannot make a large one.
public struct FoldConstants: Pass {
  public static let name = "fold-constants"
  private static let limit = 1 << 28

  /// The pass.
  public init() {}

  /// Rewrites the graph; see the type for what it does.
  public func run(on graph: inout Graph) throws -> Int {
    var count = 0
    for index in graph.nodes.indices {
      let node = graph.nodes[index]
      let constants = node.inputs.compactMap { graph[$0].constant }
      guard constants.count == node.inputs.count, node.outputs.count == 1, !node.inputs.isEmpty,
        constants.allSatisfy({ $0.dtype.isFloat }), try graph[node.outputs[0]].type.sampleShape().count <= Self.limit
      else { continue }
      let results = try naming("node '\(node.name)'") { try Reference.evaluate(node.operation, constants) }
      guard let result = results.first else { continue }
      try graph.setConstant(node.outputs[0], result)
      count += 1
    }
    return count
  }
}
