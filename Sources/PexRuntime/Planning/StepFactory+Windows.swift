import CPexKernels
import PexGraph
import PexTensor

extension StepFactory {
  /// - Parameter isExact: whether products and sums of whole numbers have to be what they are: tiles are not transformed.
  func convolution(
    _ payload: Convolution, _ group: StepGroup, _ node: Node, isExact: Bool = false
  ) throws -> Choice? {
    guard let weight = constant(node.inputs[1]), var axes = try axes(payload.window, extents(node.inputs[0])) else {
      return nil
    }
    var source = node.inputs[0]
    if let padding = group.padding.map({ graph.nodes[$0] }), case .pad(let pad) = padding.operation {
      source = padding.inputs[0]
      axes = padded(axes, by: pad, extents(source))
    }
    let x = extents(source)
    let bias = node.inputs.count > 2 ? constant(node.inputs[2]) : nil
    guard node.inputs.count == 2 || bias != nil else { return nil }
    let channels = (input: x[1], output: extents(node.outputs[0])[1])
    if payload.groups == 1, coversAll(axes.rows), coversAll(axes.columns) {
      let step = LinearStep(
        samples: x[0], rows: channels.output, depth: x[1] * axes.rows.input * axes.columns.input, weight: weight,
        bias: bias, activation: group.activation, isa: isa)
      return Choice(kernel: step, inputs: [plain(source)], output: .plain, abilities: [.activation, .residual])
    }
    let window = resolved(axes)
    func choice(
      _ kernel: any StepKernel, reading input: Stored, _ more: Fusion.Abilities = []
    ) -> Choice {
      Choice(kernel: kernel, inputs: [input], output: .blocked, abilities: [.activation, .residual, more])
    }
    if payload.groups == x[1], payload.groups > 1, channels.output == channels.input {
      let step = DepthwiseStep(
        isa: isa, window: window, samples: x[0], channels: channels.input, weight: weight, bias: bias,
        activation: group.activation)
      return choice(step, reading: blocked(source), .padding)
    }
    // What was chosen with the zeros stays: another order of sums would be another network.
    if !isExact, group.padding == nil,
      let size = WinogradStep.tileSize(window, groups: payload.groups, channels: channels, isa)
    {
      let step = try WinogradStep(
        window, tileSize: size, samples: x[0], channels: channels, weight: weight, bias: bias,
        activation: group.activation, isa)
      return choice(step, reading: blocked(source))
    }
    let step = try ConvolutionStep(
      window, samples: x[0], groups: payload.groups, channels: channels, weight: weight, bias: bias,
      activation: group.activation, isa)
    let readsPlain = ConvolutionStep.readsPlain(channels: channels.input, isa)
    return choice(step, reading: readsPlain ? plain(source) : blocked(source), .padding)
  }

  func pooling(_ payload: Pooling, _ node: Node) throws -> Choice? {
    let x = extents(node.inputs[0])
    guard let map = map(node.inputs[0]), let axes = try axes(payload.window, x) else { return nil }
    let step = PoolingStep(payload, resolved(axes), axes, blocks: map.samples * map.blocks(isa.lanes), isa)
    return Choice(kernel: step, inputs: [blocked(node.inputs[0])], output: .blocked)
  }

  /// The window along rows and columns; a map with one spatial axis is one column. Nil when it has more than two.
  private func axes(_ window: Window, _ x: [Int]) throws -> (rows: Window.Axis, columns: Window.Axis)? {
    let axes = try window.axes(over: Array(x.dropFirst(2)))
    switch axes.count {
    case 1: return (axes[0], try Window(kernel: [1]).axes(over: [1])[0])
    case 2: return (axes[0], axes[1])
    default: return nil
    }
  }

  /// The window over a map without the zeros around it.
  private func padded(
    _ axes: (rows: Window.Axis, columns: Window.Axis), by pad: Pad, _ x: [Int]
  ) -> (rows: Window.Axis, columns: Window.Axis) {
    var (rows, columns) = axes
    rows.input = x[2]
    rows.before += pad.before[2]
    rows.after += pad.after[2]
    // A map with one spatial axis is one column.
    if x.count > 3 {
      columns.input = x[3]
      columns.before += pad.before[3]
      columns.after += pad.after[3]
    }
    return (rows, columns)
  }

  private func coversAll(_ axis: Window.Axis) -> Bool {
    axis.output == 1 && axis.before == 0 && axis.kernel == axis.input && axis.dilation == 1
  }

  private func resolved(_ axes: (rows: Window.Axis, columns: Window.Axis)) -> pex_window {
    pex_window(
      in_height: axes.rows.input, in_width: axes.columns.input, out_height: axes.rows.output,
      out_width: axes.columns.output, kernel_height: axes.rows.kernel, kernel_width: axes.columns.kernel,
      stride_height: axes.rows.stride, stride_width: axes.columns.stride, dilation_height: axes.rows.dilation,
      dilation_width: axes.columns.dilation, pad_height: axes.rows.before, pad_width: axes.columns.before)
  }
}
