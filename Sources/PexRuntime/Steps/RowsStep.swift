import CPexKernels
import PexGraph
import PexTensor

/// Every row of elements that lie side by side reduced to one number: reductions of the last axes; plain.
struct ReduceRowsStep: StepKernel {
  let take: pex_take
  let rows: Int, count: Int
  let isa: InstructionSet

  var title: String { "reduce" }

  func run(_ context: StepContext) throws {
    context.workers.each(rows, cost: count) { row, _ in
      isa.kernels.reduce_rows(take, 1, count, context.inputs[0] + row * count, context.outputs[0] + row)
    }
  }
}

/// Softmax of rows of elements that lie side by side; plain.
struct SoftmaxStep: StepKernel {
  let rows: Int, count: Int
  let isa: InstructionSet

  var title: String { "softmax" }

  func run(_ context: StepContext) throws {
    context.workers.each(rows, cost: saturatingProduct(count, 4)) { row, _ in
      isa.kernels.softmax_row(count, context.inputs[0] + row * count, context.outputs[0] + row * count)
    }
  }
}

/// Rows of elements that lie side by side, mean and deviation taken out of each; plain.
struct StandardizationStep: StepKernel {
  let rows: Int, count: Int
  let epsilon: Float
  let isa: InstructionSet

  var title: String { "standardize" }

  func run(_ context: StepContext) throws {
    context.workers.each(rows, cost: saturatingProduct(count, 3)) { row, _ in
      isa.kernels.standardize_row(count, epsilon, context.inputs[0] + row * count, context.outputs[0] + row * count)
    }
  }
}

/// Every channel of a blocked map reduced to one number.
struct ReducePixelsStep: StepKernel {
  let take: pex_take
  /// Blocks of all samples, and pixels.
  let blocks: Int, pixels: Int
  let isa: InstructionSet

  var title: String { "reduce" }

  func run(_ context: StepContext) throws {
    context.workers.each(blocks, cost: saturatingProduct(pixels, isa.lanes)) { block, _ in
      isa.kernels.reduce_pixels(
        take, pixels, context.inputs[0] + block * pixels * isa.lanes, context.outputs[0] + block * isa.lanes)
    }
  }
}
