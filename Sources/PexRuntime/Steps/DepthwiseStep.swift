import CPexKernels
import PexGraph
import PexTensor

/// Convolution in which every output channel reads the input channel of the same number; blocked.
struct DepthwiseStep: StripKernel {
  let isa: InstructionSet
  let window: pex_window
  let samples: Int, channels: Int
  let weight: ValueID
  let bias: ValueID?
  let activation: Activation

  var title: String { "depthwise" }

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }

  private var taps: Int { window.kernel_height * window.kernel_width }
  var lanes: Int { isa.lanes }
  var blocks: Int { divideUp(channels, isa.lanes) }

  var scratchFloats: Int { withUnsafePointer(to: window) { isa.kernels.depthwise_scratch($0) } }

  /// For each block its weights, a vector for each element of the window; then the biases of all blocks.
  var packedFloats: Int { saturatingProduct(blocks * isa.lanes, taps + 1) }

  var arrangement: String { "\(channels) \(taps)" }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    let lanes = isa.lanes
    let biases = packed + blocks * lanes * taps
    try source.copy(bias, count: channels, padded: blocks * lanes, to: biases)
    try source.with(weight, count: channels * taps) { weights in
      for block in 0..<blocks {
        let first = block * lanes
        // Weights are planes of one kernel each.
        isa.kernels.block_planes(
          min(lanes, channels - first), taps, taps, weights + first * taps, packed + first * taps)
      }
    }
  }

  func run(_ strip: Strip, packed: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>) {
    var window = strip.window(window)
    for block in 0..<blocks {
      let place = block * strip.outputPlane * isa.lanes
      isa.kernels.depthwise(
        &window, 0, window.out_height, strip.input + block * strip.inputPlane * isa.lanes,
        packed + block * isa.lanes * taps, packed + (blocks * taps + block) * isa.lanes,
        strip.residual.map { $0 + place }, activation.function, strip.output + place, scratch)
    }
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let residual = context.inputs.count > 1 ? context.inputs[1] : nil
    let inputSize = window.in_height * window.in_width * isa.lanes
    let outputSize = window.out_height * window.out_width * isa.lanes
    context.workers.parts(
      blocks: samples * blocks, rows: window.out_height, cost: saturatingProduct(window.out_width, taps, isa.lanes / 2)
    ) { range, rows, scratch in
      for block in range {
        let weights = packed + block % blocks * isa.lanes * taps
        let bias = packed + blocks * isa.lanes * taps + block % blocks * isa.lanes
        withUnsafePointer(to: window) {
          isa.kernels.depthwise(
            $0, rows.lowerBound, rows.upperBound, context.inputs[0] + block * inputSize, weights, bias,
            residual.map { $0 + block * outputSize }, activation.function, context.outputs[0] + block * outputSize,
            scratch)
        }
      }
    }
  }
}
