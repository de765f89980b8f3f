import CPexKernels
import PexGraph
import PexTensor

/// Fully connected layer; also a convolution whose window is the whole map.
struct LinearStep: StepKernel {
  let samples: Int
  /// Elements of one output and of one input.
  let rows: Int, depth: Int
  let weight: ValueID
  let bias: ValueID?
  let activation: Activation
  let isa: InstructionSet

  var title: String { "linear" }

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }

  private var panels: Int { divideUp(rows, isa.kernels.linear_rows) }

  private var paddedRows: Int { panels * isa.kernels.linear_rows }

  /// Weights in panels of rows, then biases for whole panels.
  var packedFloats: Int { saturatingProduct(paddedRows, depth + 1) }

  var arrangement: String { "\(rows) \(depth) \(isa.kernels.linear_rows)" }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    try source.copy(bias, count: rows, padded: paddedRows, to: packed + paddedRows * depth)
    try source.with(weight, count: rows * depth) { weights in
      source.workers.ranges(panels, cost: saturatingProduct(depth, isa.kernels.linear_rows)) { range, _ in
        isa.kernels.pack_rows(rows, depth, range.lowerBound, range.upperBound, weights, packed)
      }
    }
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let shifts = packed + paddedRows * depth
    let residual = context.inputs.count > 1 ? context.inputs[1] : nil
    context.workers.each(samples * panels, cost: saturatingProduct(depth, isa.kernels.linear_rows) / 4) { index, _ in
      let (sample, panel) = (index / panels, index % panels)
      isa.kernels.linear(
        rows, depth, panel, panel + 1, context.inputs[0] + sample * depth, packed, shifts,
        residual.map { $0 + sample * rows }, activation.function, context.outputs[0] + sample * rows)
    }
  }
}
