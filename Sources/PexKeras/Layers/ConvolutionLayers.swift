import PexGraph
import PexTensor

/// Convolutions over one to three spatial axes. Keras stores kernels as `[spatial…, input channels, filters]`.
enum ConvolutionLayers {
  static let rows: [LayerRow] =
    (1...3).flatMap { spatial in
      [
        LayerRow("Conv\(spatial)D", weights: kernelAndBias, activates: true) { try convolution($0, spatial) },
        LayerRow("Conv\(spatial)DTranspose", weights: kernelAndBias, activates: true, arguments: ungrouped) {
          try transposed($0, spatial)
        },
      ]
    }
    + (1...2).flatMap { spatial in
      [
        LayerRow("DepthwiseConv\(spatial)D", weights: kernelAndBias, activates: true, arguments: ungrouped) {
          try depthwise($0, spatial)
        },
        LayerRow("SeparableConv\(spatial)D", weights: separableWeights, activates: true, arguments: ungrouped) {
          try separable($0, spatial)
        },
      ]
    }

  /// Keras 2 writes groups for every convolution; these have none.
  private static let ungrouped = ArgumentRules(fixed: ["groups": .number(1)])

  private static func kernelAndBias(_ settings: Settings) throws -> WeightCount {
    WeightCount(trainable: try settings.flag("use_bias", default: true) ? 2 : 1)
  }

  private static func separableWeights(_ settings: Settings) throws -> WeightCount {
    WeightCount(trainable: try settings.flag("use_bias", default: true) ? 3 : 2)
  }

  private static func convolution(_ context: LayerContext, _ spatial: Int) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let settings = context.settings
    let window = try window(settings, spatial)
    let filters = try settings.extent("filters")
    let groups = try settings.extent("groups", default: 1)
    let channels = context.builder.type(x).dimensions[1].perSample
    guard channels % groups == 0 else {
      throw PexError(.malformed, "setting 'groups': \(channels) channels cannot be divided by \(groups)")
    }
    let kernel = try context.builder.constant("kernel") {
      try kernelTensor(context, window.kernel, channels / groups, filters)
    }
    return try emit(.convolution(Convolution(window: window, groups: groups)), x, kernel, filters, order, context)
  }

  /// The kernel as `[filters, input channels, spatial…]`.
  private static func kernelTensor(
    _ context: LayerContext, _ extents: [Int], _ channels: Int, _ filters: Int
  ) throws -> Tensor {
    let spatial = extents.count
    let modern = extents + [channels, filters]
    // Keras 1 had an axis of one element in one-dimensional kernels, and Theano's order where channels come first.
    let tensor = try context.weight("kernel") { found in
      let isOld =
        context.version == 1
        && (found == [filters, channels] + extents || found == [extents[0], 1] + modern.suffix(2))
      return found == modern || isOld ? nil : "\(modern)"
    }
    if tensor.shape.dimensions == modern {
      return try flipped(tensor.permuted([spatial + 1, spatial] + Array(0..<spatial)), spatial, context)
    }
    let turned =
      tensor.shape.dimensions == [filters, channels] + extents
      ? tensor
      : try tensor.reshaped(modern).permuted([2, 1, 0])
    return try flipped(turned, spatial, context)
  }

  /// Theano turned kernels round: Keras turns the weights back when another library computes.
  private static func flipped(_ tensor: Tensor, _ spatial: Int, _ context: LayerContext) throws -> Tensor {
    guard context.backend == "theano" else { return tensor }
    let size = tensor.shape.dimensions.suffix(spatial).reduce(1, *)
    let numbers = tensor.floats
    return try Tensor(
      tensor.shape.dimensions,
      stride(from: 0, to: numbers.count, by: max(size, 1)).flatMap { numbers[$0..<$0 + size].reversed() })
  }

  private static func depthwise(_ context: LayerContext, _ spatial: Int) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let (operation, kernel, filters) = try channelwise(x, context, spatial)
    return try emit(operation, x, kernel, filters, order, context)
  }

  private static func separable(_ context: LayerContext, _ spatial: Int) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let (operation, ownKernel, channels) = try channelwise(x, context, spatial)
    let parted = try context.builder.emit(operation, [x, ownKernel])
    let filters = try context.settings.extent("filters")
    let ones = Array(repeating: 1, count: spatial)
    let kernel = try context.builder.constant("pointwise_kernel") {
      try context.weight("pointwise_kernel", ones + [channels, filters])
        .permuted([spatial + 1, spatial] + Array(0..<spatial))
    }
    return try emit(.convolution(Convolution(window: Window(kernel: ones))), parted, kernel, filters, order, context)
  }

  /// Every channel by kernels of its own: output channel `c * multiplier + m` comes from channel `c`.
  private static func channelwise(
    _ x: ValueID, _ context: LayerContext, _ spatial: Int
  ) throws -> (Operation, kernel: ValueID, channels: Int) {
    let window = try window(context.settings, spatial)
    let multiplier = try context.settings.extent("depth_multiplier", default: 1)
    let channels = context.builder.type(x).dimensions[1].perSample
    let (filters, overflow) = channels.multipliedReportingOverflow(by: multiplier)
    guard !overflow else { throw PexError(.malformed, "setting 'depth_multiplier': \(multiplier) is too large") }
    let kernel = try context.builder.constant("depthwise_kernel") {
      try context.weight("depthwise_kernel", window.kernel + [channels, multiplier])
        .permuted([spatial, spatial + 1] + Array(0..<spatial)).reshaped([filters, 1] + window.kernel)
    }
    return (.convolution(Convolution(window: window, groups: channels)), kernel, filters)
  }

  private static func window(_ settings: Settings, _ spatial: Int) throws -> Window {
    var window = Window(kernel: try settings.extents("kernel_size", count: spatial))
    window.strides = try settings.extents("strides", count: spatial, default: 1)
    window.dilations = try settings.extents("dilation_rate", count: spatial, default: 1)
    window.padding = try padding(settings, window)
    return window
  }

  private static func padding(_ settings: Settings, _ window: Window) throws -> Padding {
    let word = try settings.text("padding", default: "valid").lowercased()
    guard word == "causal", window.kernel.count == 1 else { return try settings.padding() }
    // Extents are at most 2^24 each.
    return .explicit(before: [(window.kernel[0] - 1) * window.dilations[0]], after: [0])
  }

  /// Transposed convolution; borders are those of the convolution that it is the gradient of, over its own output.
  private static func transposed(_ context: LayerContext, _ spatial: Int) throws -> Feature {
    let (x, order) = try context.map(spatial: spatial)
    let settings = context.settings
    let window = try window(settings, spatial)
    guard window.padding == .valid || window.padding == .sameUpper else {
      throw settings.misfit("padding", "valid or same", .text("causal"))
    }
    let filters = try settings.extent("filters")
    let type = context.builder.type(x)
    let channels = type.dimensions[1].perSample
    let extra = try settings.value("output_padding").map { _ in try offsets(settings, spatial) }
    var operation = TransposedConvolution(kernel: window.kernel)
    (operation.strides, operation.dilations) = (window.strides, window.dilations)
    for axis in 0..<spatial {
      let input = type.perSample[axis + 2]
      let reach = (window.kernel[axis] - 1) * window.dilations[axis] + 1
      let stride = window.strides[axis]
      let full = (input - 1) * stride + reach
      let output: Int
      if let extra {
        output = full - (window.padding == .valid ? 0 : reach / 2 * 2) + extra[axis]
      } else {
        output = window.padding == .valid ? input * stride + max(reach - stride, 0) : input * stride
      }
      let cut = window.padding == .valid ? 0 : max(full - output, 0)
      operation.before[axis] = cut / 2
      operation.after[axis] = cut - cut / 2
      operation.extra[axis] = output - (full - cut)
      guard operation.extra[axis] >= 0 else {
        throw settings.misfit("output_padding", "a larger number", settings.value("output_padding") ?? .null)
      }
    }
    let kernel = try context.builder.constant("kernel") {
      try context.weight("kernel", window.kernel + [filters, channels])
        .permuted([spatial + 1, spatial] + Array(0..<spatial))
    }
    return try emit(.transposedConvolution(operation), x, kernel, filters, order, context)
  }

  private static func offsets(_ settings: Settings, _ spatial: Int) throws -> [Int] {
    let list = try settings.optionalIntegers("output_padding") ?? []
    let all = list.count == 1 ? Array(repeating: list[0], count: spatial) : list
    guard all.count == spatial, all.allSatisfy({ (0..<1 << 16).contains($0) }) else {
      throw settings.misfit("output_padding", "\(spatial) numbers", settings.value("output_padding") ?? .null)
    }
    return all
  }

  private static func emit(
    _ operation: Operation, _ x: ValueID, _ kernel: ValueID, _ filters: Int, _ order: Feature.Order,
    _ context: LayerContext
  ) throws -> Feature {
    guard try context.settings.flag("use_bias", default: true) else {
      return Feature(try context.builder.emit(operation, [x, kernel]), order)
    }
    let bias = try context.builder.constant("bias") { try context.weight("bias", [filters]) }
    return Feature(try context.builder.emit(operation, [x, kernel, bias]), order)
  }
}
