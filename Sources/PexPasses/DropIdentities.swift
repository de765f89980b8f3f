import PexGraph
import PexTensor

/// Drops nodes that give what they read: identities, joins of one value, reshapes to the same shape, transposes in the
/// same order, paddings by nothing, windows of one element.
///
/// Before:
///
///     %a = convolution(%x, %w)
///     %b = identity(%a)
///     %c = unary(%b) {kind=relu}
///
/// After:
///
///     %a = convolution(%x, %w)
///     %c = unary(%a) {kind=relu}
///
/// A node stays when it gives an output whose source already has a name promised to the user: an input, a constant or
/// another output.
public struct DropIdentities: Pass {
  public static let name = "drop-identities"

  /// The pass.
  public init() {}

  /// Rewrites the graph; see the type for what it does.
  public func run(on graph: inout Graph) throws -> Int {
    // Collected first and replaced at once: a chain of identities would otherwise be walked again for each of them.
    var sources: [ValueID: ValueID] = [:]
    for index in graph.nodes.indices {
      let node = graph.nodes[index]
      guard let input = node.inputs.first, let output = node.outputs.first, isIdentity(node, in: graph) else {
        continue
      }
      let source = sources[input] ?? input
      guard graph.replaceOutput(output, with: source) else { continue }
      sources[output] = source
    }
    graph.replaceUses(sources)
    graph.removeUnused()
    return sources.count
  }

  private func isIdentity(_ node: Node, in graph: Graph) -> Bool {
    let input = graph[node.inputs[0]].type
    switch node.operation {
    case .identity: return true
    case .concat: return node.inputs.count == 1
    case .reshape: return input == graph[node.outputs[0]].type
    case .transpose(let transpose): return transpose.permutation == Array(0..<input.rank)
    case .pad(let pad): return (pad.before + pad.after).allSatisfy { $0 == 0 }
    case .pooling(let pooling):
      let axes = (try? pooling.window.axes(over: Array(input.perSample.dropFirst(2)))) ?? []
      return !axes.isEmpty && axes.allSatisfy { $0.kernel == 1 && $0.stride == 1 && $0.before == 0 && $0.after == 0 }
    case .slice(let slice): return slice.dimensions == input.dimensions && slice.steps.allSatisfy { $0 == 1 }
    case .tile(let tile): return tile.repeats.allSatisfy { $0 == 1 }
    case .convolution, .globalPooling, .batchNormalization, .linear, .unary, .binary, .softmax, .reduce,
      .transposedConvolution, .lpPooling, .localResponseNormalization, .standardization, .gather, .argMax,
      .matrixProduct, .resize, .choice, .recurrent, .integerConvolution:
      return false
    }
  }
}
