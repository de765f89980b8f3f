import CPexKernels
import PexGraph
import PexTensor

extension StepFactory {
  func convolution(_ payload: Convolution, _ group: StepGroup, _ node: Node) throws -> Choice? {
    let x = extents(node.inputs[0])
    guard let weight = constant(node.inputs[1]), let axes = try axes(payload.window, x) else { return nil }
    let bias = node.inputs.count > 2 ? constant(node.inputs[2]) : nil
    guard node.inputs.count == 2 || bias != nil else { return nil }
    let channels = (input: x[1], output: extents(node.outputs[0])[1])
    if payload.groups == 1, coversAll(axes.rows), coversAll(axes.columns) {
      let step = LinearStep(
        samples: x[0], rows: channels.output, depth: x[1] * axes.rows.input * axes.columns.input, weight: weight,
        bias: bias, bounds: group.bounds, isa: isa)
      return Choice(kernel: step, inputs: [node.inputs[0]], abilities: [.bounds, .residual])
    }
    if payload.groups == x[1], payload.groups > 1 {
      let step = try DepthwiseStep(
        resolved(axes), samples: x[0], channels: channels, weight: weight, bias: bias, bounds: group.bounds, isa)
      return Choice(kernel: step, inputs: [node.inputs[0]], abilities: [.bounds])
    }
    let step = try ConvolutionStep(
      isPointwise(axes.rows) && isPointwise(axes.columns) ? flattened(axes) : resolved(axes), samples: x[0],
      groups: payload.groups, channels: channels, weight: weight, bias: bias, bounds: group.bounds, isa)
    return Choice(kernel: step, inputs: [node.inputs[0]], abilities: [.bounds, .residual])
  }

  func pooling(_ payload: Pooling, _ node: Node) throws -> Choice? {
    let x = extents(node.inputs[0])
    guard let axes = try axes(payload.window, x) else { return nil }
    let step = try PoolingStep(payload, resolved(axes), axes, planes: x[0] * x[1], isa)
    return Choice(kernel: step, inputs: node.inputs)
  }

  /// The window along rows and columns; a map with one spatial axis is one row. Nil when it has more than two.
  private func axes(_ window: Window, _ x: [Int]) throws -> (rows: Window.Axis, columns: Window.Axis)? {
    let axes = try window.axes(over: Array(x.dropFirst(2)))
    switch axes.count {
    case 1: return (try Window(kernel: [1]).axes(over: [1])[0], axes[0])
    case 2: return (axes[0], axes[1])
    default: return nil
    }
  }

  private func coversAll(_ axis: Window.Axis) -> Bool {
    axis.output == 1 && axis.before == 0 && axis.kernel == axis.input && axis.dilation == 1
  }

  private func isPointwise(_ axis: Window.Axis) -> Bool {
    axis.kernel == 1 && axis.stride == 1 && axis.before == 0 && axis.input == axis.output
  }

  private func resolved(_ axes: (rows: Window.Axis, columns: Window.Axis)) -> pex_window {
    pex_window(
      in_height: axes.rows.input, in_width: axes.columns.input, out_height: axes.rows.output,
      out_width: axes.columns.output, kernel_height: axes.rows.kernel, kernel_width: axes.columns.kernel,
      stride_height: axes.rows.stride, stride_width: axes.columns.stride, dilation_height: axes.rows.dilation,
      dilation_width: axes.columns.dilation, pad_height: axes.rows.before, pad_width: axes.columns.before)
  }

  /// All pixels as one row: what a kernel of one pixel may do.
  private func flattened(_ axes: (rows: Window.Axis, columns: Window.Axis)) -> pex_window {
    let pixels = axes.rows.input * axes.columns.input
    return pex_window(
      in_height: 1, in_width: pixels, out_height: 1, out_width: pixels, kernel_height: 1, kernel_width: 1,
      stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1, pad_height: 0, pad_width: 0)
  }
}
