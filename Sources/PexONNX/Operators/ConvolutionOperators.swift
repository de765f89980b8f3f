import PexGraph
import PexTensor

/// Convolutions.
enum ConvolutionOperators {
  static let rows = [
    OperatorRow(op: "Conv", since: 1, function: convolution),
    OperatorRow(op: "ConvTranspose", since: 1, function: transposedConvolution),
  ]

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

  /// What is cut off follows from `output_shape` where that is given, as the specification's formulas have it.
  private static func transposedConvolution(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "X"))
    let weight = try builder.float(node.input(1, "W"))
    let bias = try node.optionalInput(2).map(builder.float)
    let extents = Array(builder.type(weight).perSample.dropFirst(2))
    let kernel = try node.optionalIntegers("kernel_shape") ?? extents
    guard kernel == extents, let map = builder.type(x).featureMap, map.spatial.count == kernel.count else {
      throw PexError(
        .malformed, "kernel \(kernel) and weight \(builder.type(weight)) do not fit an input \(builder.type(x))")
    }
    let extra = try node.list("output_padding", count: kernel.count) ?? kernel.map { _ in 0 }
    // Some exporters write batch and channels in front.
    let shape = try node.optionalIntegers("output_shape")
    guard shape.map({ $0.count >= kernel.count }) ?? true else {
      throw PexError(.malformed, "attribute 'output_shape': expected \(kernel.count) integers, found \(shape ?? [])")
    }
    let wanted = shape.map { Array($0.suffix(kernel.count)) }
    let window = try node.window(kernel: kernel)
    var result = TransposedConvolution(
      kernel: kernel, strides: window.strides, dilations: window.dilations, extra: extra,
      groups: try node.integer("group", default: 1))
    switch window.padding {
    case .explicit(let before, let after) where wanted == nil: (result.before, result.after) = (before, after)
    case .valid where wanted == nil: break
    case .explicit, .valid, .sameUpper, .sameLower:
      for axis in kernel.indices {
        try fit(&result, axis, input: map.spatial[axis], wanted: wanted?[axis], isUpper: window.padding == .sameUpper)
      }
    }
    let inputs = [x, weight] + (bias.map { [$0] } ?? [])
    return [.computed(try builder.emit(.transposedConvolution(result), inputs, for: node.node))]
  }

  /// Cuts off, or adds, what makes the output as long as is wanted; by default as many steps as the input is long.
  private static func fit(
    _ result: inout TransposedConvolution, _ axis: Int, input: Int, wanted: Int?, isUpper: Bool
  ) throws {
    let limit = 1 << 24
    let (stride, dilation) = (result.strides[axis], result.dilations[axis])
    guard (1...limit).contains(stride), (1...limit).contains(dilation), (1...limit).contains(result.kernel[axis]),
      (0...limit).contains(result.extra[axis]), (1...limit).contains(input), (1...1 << 40).contains(wanted ?? 1)
    else { throw PexError(.malformed, "the window along axis \(axis + 2) is out of range") }
    let whole = stride * (input - 1) + result.extra[axis] + (result.kernel[axis] - 1) * dilation + 1
    let total = whole - (wanted ?? input * stride)
    guard total >= 0 else {
      result.extra[axis] -= total
      return
    }
    result.before[axis] = isUpper ? total / 2 : total - total / 2
    result.after[axis] = total - result.before[axis]
  }
}
