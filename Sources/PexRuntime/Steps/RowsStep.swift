import CPexKernels
import PexGraph
import PexTensor

/// Every row of elements that lie side by side reduced to one number: global pooling, reductions of the last axes.
struct ReduceRowsStep: StepKernel {
  let take: pex_take
  let rows: Int, count: Int
  let isa: InstructionSet

  func run(_ context: StepContext) throws {
    context.workers.each(rows, cost: count) { row, _ in
      isa.kernels.reduce_rows(take, 1, count, context.inputs[0] + row * count, context.outputs[0] + row)
    }
  }
}

/// `(x - mean) * scale + shift` with one number of each for every channel: batch normalisation by stored statistics.
struct BatchNormalizationStep: StepKernel {
  let payload: BatchNormalization
  /// Elements of one channel of one sample.
  let samples: Int, channels: Int, count: Int
  /// Scale, shift, mean, variance.
  let parameters: [ValueID]
  let bounds: Bounds
  let isa: InstructionSet

  var packedConstants: [ValueID] { parameters }

  /// Mean, scale and shift of each channel; the scale with the deviation in it, rounded once.
  func pack(_ numbers: (ValueID) throws -> [Float]) throws -> FloatBuffer? {
    let lists = try parameters.map(numbers)
    guard lists.count == 4, lists.allSatisfy({ $0.count == channels }) else {
      throw PexError(.defect, "a batch normalisation's statistics have another size than planned")
    }
    return try FloatBuffer(
      (0..<channels).flatMap { channel in
        let deviation = (Double(lists[3][channel]) + payload.epsilon).squareRoot()
        return [lists[2][channel], Float(Double(lists[0][channel]) / deviation), lists[1][channel]]
      })
  }

  func run(_ context: StepContext) throws {
    guard let packed = context.packed else { throw PexError(.defect, "a batch normalisation is not packed") }
    context.workers.each(samples * channels, cost: count) { row, _ in
      let channel = packed.base + row % channels * 3
      isa.kernels.affine_row(
        count, channel[0], channel[1], channel[2], bounds.minimum, bounds.maximum, context.inputs[0] + row * count,
        context.outputs[0] + row * count)
    }
  }
}
