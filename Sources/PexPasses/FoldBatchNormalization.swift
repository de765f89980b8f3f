import PexGraph
import PexTensor

/// Folds a batch normalisation into the convolution in front of it, when nobody else reads that convolution.
///
/// Before:
///
///     %a = convolution(%x, %w, %b)
///     %y = batch_normalization(%a, %scale, %shift, %mean, %variance) {epsilon=1e-05}
///
/// After, with `f = scale / sqrt(variance + epsilon)`:
///
///     constant %w.folded = w * f             (a row of the weight each)
///     constant %b.folded = (b - mean) * f + shift
///     %y = convolution(%x, %w.folded, %b.folded)
///
/// Everything is computed in double and rounded once; head files depend on these very bytes.
public struct FoldBatchNormalization: Pass {
  public static let name = "fold-batch-normalization"

  /// The pass.
  public init() {}

  /// Rewrites the graph; see the type for what it does.
  public func run(on graph: inout Graph) throws -> Int {
    var count = 0
    let (producers, consumers) = (graph.producers(), graph.consumers())
    let promised = Set(graph.outputs + (graph.classifier.map { [$0.logits] } ?? []))
    for index in graph.nodes.indices {
      let node = graph.nodes[index]
      guard case .batchNormalization(let normalization) = node.operation,
        let source = producers[node.inputs[0]], case .convolution = graph.nodes[source].operation,
        consumers[node.inputs[0]]?.count == 1, !promised.contains(node.inputs[0])
      else { continue }
      let convolution = graph.nodes[source]
      let statistics = node.inputs.dropFirst().compactMap { graph[$0].constant?.floats }
      guard statistics.count == 4, let weight = graph[convolution.inputs[1]].constant else { continue }
      var bias = [Float](repeating: 0, count: weight.shape[0])
      if convolution.inputs.count == 3 {
        guard let constant = graph[convolution.inputs[2]].constant else { continue }
        bias = constant.floats
      }
      let factors = zip(statistics[0], statistics[3]).map { scale, variance in
        Double(scale) / (Double(variance) + normalization.epsilon).squareRoot()
      }
      let name = graph[convolution.inputs[1]].name
      let foldedWeight = try graph.addConstant(graph.freeName(name + ".folded"), try scaled(weight, by: factors))
      let shifts = bias.indices.map { row in
        Float((Double(bias[row]) - Double(statistics[2][row])) * factors[row] + Double(statistics[1][row]))
      }
      let foldedBias = try graph.addConstant(
        graph.freeName(name + ".bias.folded"), try Tensor([shifts.count], shifts))
      graph.replaceNode(
        at: index, operation: convolution.operation, inputs: [convolution.inputs[0], foldedWeight, foldedBias])
      count += 1
    }
    return count
  }

  /// The weight with every row multiplied by its factor.
  private func scaled(_ weight: Tensor, by factors: [Double]) throws -> Tensor {
    let wide = try weight.asFloat32()
    let run = wide.shape.dimensions.dropFirst().reduce(1, *)
    return try wide.withFloats { source in
      try Tensor(.float32, wide.shape) { bytes in
        let target = bytes.bindMemory(to: Float.self)
        for (row, factor) in factors.enumerated() {
          for index in row * run..<(row + 1) * run { target[index] = Float(Double(source[index]) * factor) }
        }
      }
    }
  }
}
