import CPexKernels
import PexGraph
import PexTensor

/// Convolution of any kind, directly, with a blocked result.
struct ConvolutionStep: StripKernel {
  private let isa: InstructionSet
  let window: pex_window
  private let shape: pex_convolution
  let samples: Int
  private let weight: ValueID
  private let bias: ValueID?
  private let weightFloats: Int
  let scratchFloats: Int
  /// Into how many parts rows and panels are cut.
  private var parts = (rows: 1, panels: 1)

  /// Bytes that a panel of the weights may have to stay near a core while pixels go by.
  private static let panelBytes = 96 << 10
  /// Bytes of input that are worked on at a time.
  private static let stripBytes = 384 << 10
  /// Fewer channels than this are read plain: as blocks they would be mostly empty.
  static func readsPlain(channels: Int, _ isa: InstructionSet) -> Bool { channels < isa.lanes / 2 }

  /// A convolution of `samples` maps.
  /// - Throws: ``PexError`` (malformed) when a size cannot be addressed.
  init(
    _ window: pex_window, samples: Int, groups: Int, channels: (input: Int, output: Int), weight: ValueID,
    bias: ValueID?, activation: Activation, _ isa: InstructionSet
  ) throws {
    let lanes = isa.lanes
    let width = Self.readsPlain(channels: channels.input, isa) ? 1 : lanes
    let isDirect = width == lanes && window.isPointwise
    // A panel of two blocks reads the input once for both, if it is the same input.
    let outputs = channels.output / groups
    let panel = groups == 1 || outputs % (2 * lanes) == 0 ? 2 : 1
    let taps = saturatingProduct(window.kernel_height, window.kernel_width)
    let blockBytes = saturatingProduct(taps, width, panel * lanes, MemoryLayout<Float>.stride)
    let chunk = max(1, min(divideUp(channels.input, width), Self.panelBytes / blockBytes))
    let isFlat = window.out_width < isa.kernels.tile_pixels
    let copies = isDirect ? 1 : isFlat ? window.kernel_width : window.stride_width
    let rowBytes = saturatingProduct(
      copies, window.stride_height, window.out_width, chunk * width, MemoryLayout<Float>.stride)
    // Plain rows are copied one number at a time: they are to be read again while they are near.
    let bytes = width == 1 ? Self.stripBytes / 4 : Self.stripBytes
    let strip = max(1, min(window.out_height, bytes / rowBytes))
    shape = pex_convolution(
      window: isDirect ? window.flattened : window, in_channels: channels.input, out_channels: channels.output,
      groups: groups, in_plane: window.in_height * window.in_width, out_plane: window.out_height * window.out_width,
      width: width, panel_blocks: panel,
      strip_rows: isDirect ? max(isa.kernels.tile_pixels * 8, strip * window.out_width) : strip,
      chunk_blocks: chunk, direct: isDirect ? 1 : 0, flat: isFlat ? 1 : 0,
      activation: activation.function)
    weightFloats = withUnsafePointer(to: shape) { pex_convolution_weights(isa.table, $0) }
    scratchFloats = withUnsafePointer(to: shape) { pex_convolution_scratch($0) }
    guard weightFloats >= 0, scratchFloats >= 0 else {
      throw PexError(.malformed, "the kernel is too large to address")
    }
    self.window = window
    self.samples = samples
    self.weight = weight
    self.bias = bias
    self.isa = isa
  }

  var title: String { "direct" }

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }

  var lanes: Int { isa.lanes }
  var blocks: Int { divideUp(shape.out_channels, isa.lanes) }
  private var panels: Int { divideUp(blocks, shape.panel_blocks) }
  private var taps: Int { shape.window.kernel_height * shape.window.kernel_width }

  var arrangement: String {
    "\(shape.in_channels) \(shape.out_channels) \(shape.groups) \(taps) \(shape.width) \(shape.panel_blocks)"
  }

  /// Weights, then biases for whole blocks.
  var packedFloats: Int { weightFloats + blocks * isa.lanes }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    try source.copy(
      bias, count: shape.out_channels, padded: blocks * isa.lanes, to: packed + weightFloats)
    let depth = shape.in_channels / shape.groups * taps
    try source.with(weight, count: shape.out_channels * depth) { weights in
      source.workers.ranges(panels, cost: depth * shape.panel_blocks * isa.lanes) { range, _ in
        withUnsafePointer(to: shape) {
          isa.kernels.pack_convolution($0, range.lowerBound, range.upperBound, weights, packed)
        }
      }
    }
  }

  func run(_ strip: Strip, packed: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>) {
    var part = shape
    part.in_plane = strip.inputPlane
    part.out_plane = strip.outputPlane
    part.window = strip.window(window)
    var input = strip.input
    if shape.direct == 1 {
      // The rows of the input are those of the result: the ones before are skipped.
      input += (strip.rows.lowerBound - strip.inputRows.lowerBound) * window.in_width * shape.width
      part.window.in_height = strip.rows.count
      part.window = part.window.flattened
    }
    isa.kernels.convolution(
      &part, 0, part.window.out_height, 0, panels, input, packed, packed + weightFloats, strip.residual, strip.output,
      scratch)
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let residual = context.inputs.count > 1 ? context.inputs[1] : nil
    let inputSize = divideUp(shape.in_channels, shape.width) * shape.width * shape.in_plane
    let outputSize = blocks * isa.lanes * shape.out_plane
    let cost = saturatingProduct(outputSize, shape.in_channels / shape.groups * taps) / (parts.rows * parts.panels)
    context.workers.each(samples * parts.rows * parts.panels, cost: cost) { task, scratch in
      let (sample, part) = (task / (parts.rows * parts.panels), task % (parts.rows * parts.panels))
      let (row, panel) = (part / parts.panels, part % parts.panels)
      withUnsafePointer(to: shape) {
        isa.kernels.convolution(
          $0, shape.window.out_height * row / parts.rows, shape.window.out_height * (row + 1) / parts.rows,
          panels * panel / parts.panels, panels * (panel + 1) / parts.panels, context.inputs[0] + sample * inputSize,
          packed, packed + weightFloats,
          residual.map { $0 + sample * outputSize }, context.outputs[0] + sample * outputSize, scratch)
      }
    }
  }

  /// Cuts rows and panels as the last thread is estimated to finish first. Cutting rows makes every thread read all
  /// weights, cutting panels makes it read (and copy) all of the input.
  func divided(among threads: Int) -> any StepKernel {
    var divided = self
    if threads > 1 { divided.parts = parts(threads: threads) }
    return divided
  }

  private func parts(threads: Int) -> (rows: Int, panels: Int) {
    let (height, width) = (shape.window.out_height, shape.window.out_width)
    let depth = shape.in_channels / shape.groups * taps
    // Estimates may be larger than any integer.
    let products = Double(width) * Double(shape.panel_blocks * depth)
    let weightCost = Double(shape.panel_blocks * depth) * Double(isa.lanes) / 8
    let copies = shape.direct == 1 ? 1 : shape.window.kernel_width
    let inputCost = Double(width) * Double(shape.in_channels) * Double(copies) / 8
    var best = (rows: 1, panels: 1)
    var bestCost = Double.infinity
    for rows in 1...min(height, 4 * threads) {
      for columns in 1...min(panels, 4 * threads) where rows * columns <= 4 * threads {
        let rounds = Double(divideUp(samples * rows * columns, threads))
        let (lines, stacks) = (Double(divideUp(height, rows)), Double(divideUp(panels, columns)))
        let cost = rounds * (lines * stacks * products + stacks * weightCost + lines * inputCost + 2000)
        if cost < bestCost { (best, bestCost) = ((rows, columns), cost) }
      }
    }
    return best
  }
}

extension pex_window {
  /// Whether every output element reads one input element in the same place.
  var isPointwise: Bool {
    kernel_height == 1 && kernel_width == 1 && stride_height == 1 && stride_width == 1 && pad_height == 0
      && pad_width == 0 && in_height == out_height && in_width == out_width
  }

  /// All pixels as one column: what a window of one element may do.
  var flattened: pex_window {
    pex_window(
      in_height: in_height * in_width, in_width: 1, out_height: out_height * out_width, out_width: 1, kernel_height: 1,
      kernel_width: 1, stride_height: 1, stride_width: 1, dilation_height: 1, dilation_width: 1, pad_height: 0,
      pad_width: 0)
  }
}
