import CPexKernels
import PexGraph
import PexTensor

/// Convolution in which every output channel reads one input channel.
struct DepthwiseStep: StepKernel {
  private let isa: InstructionSet
  private let window: pex_window
  private let samples: Int
  private let channels: (input: Int, output: Int)
  private let weight: ValueID
  private let bias: ValueID?
  private let bounds: Bounds

  /// A depthwise convolution; the output channels are a multiple of the input's.
  /// - Throws: ``PexError`` (malformed) when a padded plane is too large to address.
  init(
    _ window: pex_window, samples: Int, channels: (input: Int, output: Int), weight: ValueID, bias: ValueID?,
    bounds: Bounds, _ isa: InstructionSet
  ) throws {
    self.isa = isa
    self.window = window
    self.samples = samples
    self.channels = channels
    self.weight = weight
    self.bias = bias
    self.bounds = bounds
    scratchFloats = try planeFloats(window, isa)
  }

  let scratchFloats: Int

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }

  /// The weights as they are, then the biases.
  func pack(_ numbers: (ValueID) throws -> [Float]) throws -> FloatBuffer? {
    let biases = try bias.map(numbers) ?? [Float](repeating: 0, count: channels.output)
    return try FloatBuffer(try numbers(weight) + biases)
  }

  func run(_ context: StepContext) throws {
    guard let packed = context.packed else { throw PexError(.defect, "a convolution is not packed") }
    let taps = window.kernel_height * window.kernel_width
    let (inputPlane, outputPlane) = (window.in_height * window.in_width, window.out_height * window.out_width)
    let biases = packed.base + channels.output * taps
    let multiplier = channels.output / channels.input
    context.workers.each(samples * channels.output, cost: saturatingProduct(outputPlane, taps)) { index, scratch in
      let channel = index % channels.output
      let source = (index / channels.output) * channels.input + channel / multiplier
      withUnsafePointer(to: window) {
        isa.kernels.depthwise(
          $0, context.inputs[0] + source * inputPlane, packed.base + channel * taps, biases[channel], bounds.minimum,
          bounds.maximum, context.outputs[0] + index * outputPlane, scratch)
      }
    }
  }
}

/// Floats of scratch for one padded plane.
/// - Throws: ``PexError`` (malformed) when the number cannot be addressed.
func planeFloats(_ window: pex_window, _ isa: InstructionSet) throws -> Int {
  let floats = withUnsafePointer(to: window) { pex_plane_floats(isa.table, $0) }
  guard floats >= 0 else { throw PexError(.malformed, "a padded map is too large to address") }
  return floats
}
