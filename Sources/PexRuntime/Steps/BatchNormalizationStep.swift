import CPexKernels
import PexGraph
import PexTensor

/// `(x - mean) * scale + shift` with one number of each for every channel: batch normalisation by stored statistics.
struct BatchNormalizationStep: StepKernel {
  let payload: BatchNormalization
  let map: MapExtents
  let layout: Layout
  /// Scale, shift, mean, variance.
  let parameters: [ValueID]
  let activation: Activation
  let isa: InstructionSet

  var title: String { "elementwise" }
  var overwrites: Int? { 0 }
  var packedConstants: [ValueID] { parameters }

  private var padded: Int { map.blocks(isa.lanes) * isa.lanes }

  /// Means, scales and shifts of all channels, in whole blocks; the scale with the deviation in it, rounded once.
  var packedFloats: Int { 3 * padded }

  var arrangement: String { "\(map.channels) \(payload.epsilon)" }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    let (means, scales, shifts) = (packed, packed + padded, packed + 2 * padded)
    try source.copy(parameters[2], count: map.channels, padded: padded, to: means)
    try source.copy(parameters[3], count: map.channels, padded: padded, to: scales)
    try source.copy(parameters[1], count: map.channels, padded: padded, to: shifts)
    try source.with(parameters[0], count: map.channels) { factors in
      for channel in 0..<map.channels {
        let deviation = (Double(scales[channel]) + payload.epsilon).squareRoot()
        scales[channel] = Float(Double(factors[channel]) / deviation)
      }
    }
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let (input, output) = (context.inputs[0], context.outputs[0])
    switch layout {
    case .plain:
      context.workers.each(map.samples * map.channels, cost: map.pixels) { row, _ in
        let channel = packed + row % map.channels
        isa.kernels.affine_row(
          map.pixels, channel[0], channel[padded], channel[2 * padded], activation.function, input + row * map.pixels,
          output + row * map.pixels)
      }
    case .blocked:
      let blocks = map.blocks(isa.lanes)
      context.workers.each(map.samples * blocks, cost: saturatingProduct(map.pixels, isa.lanes)) { row, _ in
        let block = packed + row % blocks * isa.lanes
        let place = row * map.pixels * isa.lanes
        isa.kernels.affine_pixels(
          map.pixels, block, block + padded, block + 2 * padded, activation.function, input + place, output + place)
      }
    }
  }
}
