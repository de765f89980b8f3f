import PexGraph
import PexTensor

/// Convolutions.
enum ConvolutionOperators {
  static let rows = [OperatorRow(op: "Conv", since: 1, function: convolution)]

  /// `kernel_shape` may be left out: the weight has it too.
  private static func convolution(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    let weight = try builder.float(node.input(1, "W"))
    let bias = try node.optionalInput(2).map(builder.float)
    let extents = Array(builder.type(weight).perSample.dropFirst(2))
    let kernel = try node.optionalIntegers("kernel_shape") ?? extents
    guard kernel == extents else {
      throw PexError(.malformed, "attribute 'kernel_shape': expected \(extents) as the weight has it, found \(kernel)")
    }
    let convolution = Convolution(
      window: try node.window(kernel: kernel), groups: try node.integer("group", default: 1))
    return [
      .computed(try builder.emit(.convolution(convolution), [x, weight] + (bias.map { [$0] } ?? []), for: node.node))
    ]
  }
}
