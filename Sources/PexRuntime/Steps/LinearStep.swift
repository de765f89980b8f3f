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
  let bounds: Bounds
  let isa: InstructionSet

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }

  private var panels: Int { divideUp(rows, isa.kernels.linear_rows) }

  /// Weights in panels of rows, then biases for whole panels.
  func pack(_ numbers: (ValueID) throws -> [Float]) throws -> FloatBuffer? {
    let (weights, biases) = (try numbers(weight), try bias.map(numbers))
    guard weights.count == rows * depth, biases.map({ $0.count == rows }) ?? true else {
      throw PexError(.defect, "a layer's weights have another size than planned")
    }
    let padded = panels * isa.kernels.linear_rows
    let (size, overflow) = padded.multipliedReportingOverflow(by: depth + 1)
    guard !overflow else { throw PexError(.malformed, "the weights are too large to address") }
    let buffer = try FloatBuffer(count: size)
    weights.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      isa.kernels.pack_rows(start, rows, depth, isa.kernels.linear_rows, buffer.base)
    }
    for row in 0..<padded { buffer.base[padded * depth + row] = row < rows ? biases?[row] ?? 0 : 0 }
    return buffer
  }

  func run(_ context: StepContext) throws {
    guard let packed = context.packed else { throw PexError(.defect, "a layer is not packed") }
    let shifts = packed.base + panels * isa.kernels.linear_rows * depth
    let residual = context.inputs.count > 1 ? context.inputs[1] : nil
    context.workers.each(samples * panels, cost: saturatingProduct(depth, isa.kernels.linear_rows) / 4) { index, _ in
      let (sample, panel) = (index / panels, index % panels)
      isa.kernels.linear(
        rows, depth, panel, panel + 1, context.inputs[0] + sample * depth, packed.base, shifts,
        residual.map { $0 + sample * rows }, bounds.minimum, bounds.maximum, context.outputs[0] + sample * rows)
    }
  }
}
