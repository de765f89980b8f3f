import CPexKernels
import PexGraph
import PexTensor

/// Maximum or average over a sliding window; blocked.
struct PoolingStep: StepKernel {
  private let isa: InstructionSet
  private let window: pex_window
  private let blocks: Int
  private let take: pex_take
  private let countsPadding: Bool
  private let axes: (rows: Window.Axis, columns: Window.Axis)

  /// A pooling of `blocks` blocks of channels, of all samples together.
  init(
    _ payload: Pooling, _ window: pex_window, _ axes: (rows: Window.Axis, columns: Window.Axis), blocks: Int,
    _ isa: InstructionSet
  ) {
    self.isa = isa
    self.window = window
    self.blocks = blocks
    take = payload.kind == .average ? pex_take_average : pex_take_maximum
    countsPadding = payload.countsPadding
    self.axes = axes
  }

  var title: String { "pool" }

  /// For every position, how many elements of the window lie in the input, or in the padded input. A window that
  /// holds nothing sums to 0 and is divided by 1.
  private func counts(_ axis: Window.Axis) -> [Float] {
    let first = countsPadding ? -axis.before : 0
    let end = axis.input + (countsPadding ? axis.after : 0)
    return (0..<axis.output).map { position in
      let start = position * axis.stride - axis.before
      // Elements start, start + dilation, … that are at least `first` and below `end`.
      let skipped = start < first ? divideUp(first - start, axis.dilation) : 0
      let reached = start < end ? min(axis.kernel, (end - 1 - start) / axis.dilation + 1) : 0
      return Float(max(1, reached - skipped))
    }
  }

  /// For every row, then for every column of the output, how many elements of the window count along that axis.
  var packedFloats: Int { window.out_height + window.out_width }

  var arrangement: String {
    let numbers = [axes.rows, axes.columns].flatMap {
      [$0.input, $0.output, $0.kernel, $0.stride, $0.dilation, $0.before, $0.after]
    }
    return "\(numbers) \(countsPadding)"
  }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    for (place, count) in (counts(axes.rows) + counts(axes.columns)).enumerated() { packed[place] = count }
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let inputSize = window.in_height * window.in_width * isa.lanes
    let outputSize = window.out_height * window.out_width * isa.lanes
    let cost = saturatingProduct(
      window.out_width, window.kernel_height, window.kernel_width, isa.lanes / 2)
    context.workers.parts(blocks: blocks, rows: window.out_height, cost: cost) { range, rows, _ in
      for block in range {
        withUnsafePointer(to: window) {
          isa.kernels.pool(
            $0, take, rows.lowerBound, rows.upperBound, packed, packed + window.out_height,
            context.inputs[0] + block * inputSize, context.outputs[0] + block * outputSize)
        }
      }
    }
  }
}
