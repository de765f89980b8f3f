import CPexKernels
import PexGraph
import PexTensor

/// Fully connected layer, of one row or many; also a convolution whose window is the whole map.
struct LinearStep: StepKernel {
  let samples: Int
  /// Elements of one output and of one input.
  let rows: Int, depth: Int
  let weight: ValueID
  let bias: ValueID?
  let activation: Activation
  let isa: InstructionSet
  /// Whether the weight lies as `[depth][rows]`, the right factor of a matrix product.
  var isTransposed = false
  /// Samples that go through one panel of weights before the next: those are in the cache then.
  private static let run = 64

  var title: String { "linear" }

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }

  private var panels: Int { divideUp(rows, isa.kernels.linear_rows) }

  private var paddedRows: Int { panels * isa.kernels.linear_rows }

  /// Weights in panels of rows, then biases for whole panels.
  var packedFloats: Int { saturatingProduct(paddedRows, depth + 1) }

  var arrangement: String { "\(rows) \(depth) \(isa.kernels.linear_rows)\(isTransposed ? " transposed" : "")" }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    try source.copy(bias, count: rows, padded: paddedRows, to: packed + paddedRows * depth)
    try source.with(weight, count: rows * depth) { stored in
      let turned = isTransposed ? try transposed(stored) : nil
      let weights = turned.map { UnsafePointer($0.base) } ?? stored
      source.workers.ranges(panels, cost: saturatingProduct(depth, isa.kernels.linear_rows)) { range, _ in
        isa.kernels.pack_rows(rows, depth, range.lowerBound, range.upperBound, weights, packed)
      }
    }
  }

  private func transposed(_ weights: UnsafePointer<Float>) throws -> FloatBuffer {
    let buffer = try FloatBuffer(count: rows * depth)
    for step in 0..<depth {
      for row in 0..<rows { buffer.base[row * depth + step] = weights[step * rows + row] }
    }
    return buffer
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let shifts = packed + paddedRows * depth
    let residual = context.inputs.count > 1 ? context.inputs[1] : nil
    let runs = divideUp(samples, Self.run)
    let cost = saturatingProduct(depth, isa.kernels.linear_rows) / 4
    context.workers.each(runs * panels, cost: saturatingProduct(cost, min(samples, Self.run))) { index, _ in
      let (run, panel) = (index / panels, index % panels)
      for sample in run * Self.run..<min((run + 1) * Self.run, samples) {
        isa.kernels.linear(
          rows, depth, panel, panel + 1, context.inputs[0] + sample * depth, packed, shifts,
          residual.map { $0 + sample * rows }, activation.function, context.outputs[0] + sample * rows)
      }
    }
  }
}
