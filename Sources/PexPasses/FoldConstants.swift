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
/// Nodes are taken in order as long as together they give at most 2^25 elements and take at most 2^27 products; the rest
/// is computed at run time, so that a small file cannot ask for much memory or time here.
public struct FoldConstants: Pass {
  public static let name = "fold-constants"
  private static let elementBudget = 1 << 25
  private static let productBudget = 1 << 27

  /// The pass.
  public init() {}

  /// Rewrites the graph; see the type for what it does.
  public func run(on graph: inout Graph) throws -> Int {
    var count = 0
    var (elements, products) = (Self.elementBudget, Self.productBudget)
    for index in graph.nodes.indices {
      let node = graph.nodes[index]
      let constants = node.inputs.compactMap { graph[$0].constant }
      guard constants.count == node.inputs.count, node.outputs.count == 1, !node.inputs.isEmpty,
        constants.allSatisfy({ $0.dtype.isFloat })
      else { continue }
      // Reading counts as well: a sum over many elements gives only one.
      let size = try graph[node.outputs[0]].type.sampleShape().count + constants.reduce(0) { $0 + $1.count }
      let work = graph.multiplyAccumulates(of: node)
      guard size <= elements, work <= products else { continue }
      (elements, products) = (elements - size, products - work)
      let results = try naming("node '\(node.name)'") { try Reference.evaluate(node.operation, constants) }
      guard let result = results.first else { continue }
      try graph.setConstant(ofNodeAt: index, result)
      count += 1
    }
    return count
  }
}
