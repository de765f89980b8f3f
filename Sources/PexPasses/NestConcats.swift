import PexGraph
import PexTensor

/// Makes a join read an earlier join of all but its last input, so that dense blocks have one value that carries all
/// that is still needed, and an exit can stand there.
///
/// Before:
///
///     %a = concat(%f0, %f1) {axis=1}
///     %b = concat(%f0, %f1, %f2) {axis=1}
///
/// After:
///
///     %a = concat(%f0, %f1) {axis=1}
///     %b = concat(%a, %f2) {axis=1}
public struct NestConcats: Pass {
  public static let name = "nest-concats"

  /// The pass.
  public init() {}

  private struct Key: Hashable {
    let axis: Int
    let inputs: [ValueID]
  }

  /// Rewrites the graph; see the type for what it does.
  public func run(on graph: inout Graph) throws -> Int {
    var count = 0
    var joined: [Key: ValueID] = [:]
    for index in graph.nodes.indices {
      let node = graph.nodes[index]
      guard case .concat(let concat) = node.operation, node.inputs.count >= 2 else { continue }
      // Keys are the lists as they were, so that a join which was rewritten itself is still found.
      let key = Key(axis: concat.axis, inputs: node.inputs)
      let inner = Key(axis: concat.axis, inputs: node.inputs.dropLast())
      if let value = joined[inner], let last = node.inputs.last {
        graph.replaceNode(at: index, operation: node.operation, inputs: [value, last])
        count += 1
      }
      if joined[key] == nil { joined[key] = node.outputs[0] }
    }
    return count
  }
}
