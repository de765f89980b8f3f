import CPexKernels
import PexGraph
import PexTensor

/// Maximum or average over a sliding window.
struct PoolingStep: StepKernel {
  private let isa: InstructionSet
  private let window: pex_window
  private let planes: Int
  private let take: pex_take
  private let countsPadding: Bool
  private let axes: (rows: Window.Axis, columns: Window.Axis)

  /// A pooling of `planes` channels.
  /// - Throws: ``PexError`` (malformed) when a padded plane is too large to address.
  init(
    _ payload: Pooling, _ window: pex_window, _ axes: (rows: Window.Axis, columns: Window.Axis), planes: Int,
    _ isa: InstructionSet
  ) throws {
    self.isa = isa
    self.window = window
    self.planes = planes
    take = payload.kind == .average ? pex_take_average : pex_take_maximum
    countsPadding = payload.countsPadding
    self.axes = axes
    scratchFloats = try planeFloats(window, isa)
  }

  let scratchFloats: Int

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
  func pack(_ numbers: (ValueID) throws -> [Float]) throws -> FloatBuffer? {
    try FloatBuffer(counts(axes.rows) + counts(axes.columns))
  }

  func run(_ context: StepContext) throws {
    guard let packed = context.packed else { throw PexError(.defect, "a pooling is not packed") }
    let (inputPlane, outputPlane) = (window.in_height * window.in_width, window.out_height * window.out_width)
    let cost = saturatingProduct(outputPlane, window.kernel_height, window.kernel_width)
    context.workers.each(planes, cost: cost) { plane, scratch in
      withUnsafePointer(to: window) {
        isa.kernels.pool(
          $0, take, packed.base, packed.base + window.out_height, context.inputs[0] + plane * inputPlane,
          context.outputs[0] + plane * outputPlane, scratch)
      }
    }
  }
}
