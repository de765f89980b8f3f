import CPexKernels
import PexGraph
import PexTensor

/// Convolution as a product of packed weights and input columns packed on the fly.
struct ConvolutionStep: StepKernel {
  private let isa: InstructionSet
  private let shape: pex_convolution
  private let weight: ValueID
  private let bias: ValueID?
  private let blockDepth: Int
  private let scratchPanels: Int

  /// Floats of scratch that a thread's packed columns may take: a good part of a second-level cache.
  private static let scratchLimit = 32 << 10
  /// Depth that is packed at a time: a panel of columns then stays in a first-level cache.
  private static let depthLimit = 192

  /// A convolution of `samples` maps.
  /// - Throws: ``PexError`` (malformed) when a size cannot be addressed.
  init(
    _ window: pex_window, samples: Int, groups: Int, channels: (input: Int, output: Int), weight: ValueID,
    bias: ValueID?, bounds: Bounds, _ isa: InstructionSet
  ) throws {
    let kernel = window.kernel_height * window.kernel_width
    let channelsPerGroup = channels.input / groups
    let blocks = divideUp(channelsPerGroup, max(1, Self.depthLimit / kernel))
    let channelBlock = divideUp(channelsPerGroup, blocks)
    blockDepth = channelBlock * kernel
    let (panel, overflow) = blockDepth.multipliedReportingOverflow(by: isa.kernels.tile_columns)
    guard !overflow else { throw PexError(.malformed, "the kernel is too large to address") }
    let panels = divideUp(window.out_height * window.out_width, isa.kernels.tile_columns)
    scratchPanels = min(panels, max(1, Self.scratchLimit / panel))
    scratchFloats = panel * scratchPanels
    shape = pex_convolution(
      window: window, samples: samples, groups: groups, in_channels: channelsPerGroup,
      out_channels: channels.output / groups, channel_block: channelBlock, column_parts: 1, row_parts: 1,
      minimum: bounds.minimum, maximum: bounds.maximum)
    self.weight = weight
    self.bias = bias
    self.isa = isa
  }

  let scratchFloats: Int

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }

  private var depth: Int { shape.in_channels * shape.window.kernel_height * shape.window.kernel_width }
  private var paddedRows: Int { divideUp(shape.out_channels, isa.kernels.tile_rows) * isa.kernels.tile_rows }

  /// Weights of all groups, then biases of all groups.
  func pack(_ numbers: (ValueID) throws -> [Float]) throws -> FloatBuffer? {
    let (groups, rows, depth, padded) = (shape.groups, shape.out_channels, depth, paddedRows)
    let (weights, biases) = (try numbers(weight), try bias.map(numbers))
    guard weights.count == groups * rows * depth, biases.map({ $0.count == groups * rows }) ?? true else {
      throw PexError(.defect, "a convolution's weights have another size than planned")
    }
    let (size, overflow) = (groups * padded).multipliedReportingOverflow(by: depth + 1)
    guard !overflow else { throw PexError(.malformed, "the weights are too large to address") }
    let buffer = try FloatBuffer(count: size)
    let shifts = buffer.base + groups * padded * depth
    weights.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      for group in 0..<groups {
        isa.kernels.pack_rows(
          start + group * rows * depth, rows, depth, isa.kernels.tile_rows, buffer.base + group * padded * depth)
      }
    }
    for group in 0..<groups {
      for row in 0..<padded {
        shifts[group * padded + row] = row < rows ? biases?[group * rows + row] ?? 0 : 0
      }
    }
    return buffer
  }

  func run(_ context: StepContext) throws {
    guard let packed = context.packed else { throw PexError(.defect, "a convolution is not packed") }
    var shape = shape
    (shape.column_parts, shape.row_parts) = parts(threads: context.workers.pool.threads)
    let shifts = packed.base + shape.groups * paddedRows * depth
    let residual = context.inputs.count > 1 ? context.inputs[1] : nil
    let tasks = shape.samples * shape.groups * shape.column_parts * shape.row_parts
    let pixels = shape.window.out_height * shape.window.out_width
    let cost = saturatingProduct(shape.out_channels, pixels, depth) / (shape.column_parts * shape.row_parts)
    context.workers.each(tasks, cost: cost) { task, scratch in
      withUnsafePointer(to: shape) {
        isa.kernels.convolution(
          $0, task, context.inputs[0], packed.base, shifts, residual, context.outputs[0], scratch)
      }
    }
  }

  /// Into how many parts columns and rows are cut: as the last thread is estimated to finish first. Each part of the
  /// rows packs its columns again, which costs as much as some 24 rows of products.
  private func parts(threads: Int) -> (columns: Int, rows: Int) {
    let tile = isa.kernels.tile_rows
    let panels = divideUp(shape.window.out_height * shape.window.out_width, isa.kernels.tile_columns)
    let rowPanels = divideUp(shape.out_channels, tile)
    let fewest = divideUp(panels, scratchPanels)
    var best = (columns: fewest, rows: 1)
    var bestCost = Int.max
    var rows = 1
    while rows <= min(threads, rowPanels) {
      for wanted in [fewest, divideUp(fewest, threads) * threads, divideUp(fewest, threads) * threads * 2] {
        let columns = min(max(wanted, fewest), panels)
        let rounds = divideUp(shape.samples * shape.groups * columns * rows, threads)
        let cost = rounds * divideUp(panels, columns) * (divideUp(rowPanels, rows) * tile + 24)
        if cost < bestCost { (best, bestCost) = ((columns, rows), cost) }
      }
      rows *= 2
    }
    return best
  }
}
