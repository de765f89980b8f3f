import CPexKernels
import PexGraph
import PexTensor

/// 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3), blocked.
///
/// Tiles are worked on in chunks. Where there is one for each thread, each takes chunks of its own; else the threads share
/// each of the three phases of a chunk, so that each reads a part of the transformed weights only.
struct WinogradStep: StepKernel {
  private let isa: InstructionSet
  private let shape: pex_winograd
  private let samples: Int
  private let weight: ValueID
  private let bias: ValueID?

  /// Products a tile takes for each pair of channels: as many as the transforms have points.
  private static let points = 36
  /// Bytes of transformed maps that stay near a core.
  private static let chunkBytes = 1200 << 10
  /// Tiles that make reading the transformed weights from a far cache worth while.
  private static let chunkTiles = 24
  /// Transformed weights beyond this come from so far that they had better be read once.
  private static let farBytes = 4 << 20

  /// Whether this way is estimated to be faster than the direct one, in clock cycles: products at two vectors a cycle;
  /// the transformed weights, four times the plain ones, at 8 bytes a cycle; and some 150 cycles for each block of
  /// channels of a tile that is transformed. It must win clearly, because its rounding error is larger.
  static func pays(_ window: pex_window, groups: Int, channels: (input: Int, output: Int), _ isa: InstructionSet) -> Bool
  {
    guard groups == 1, window.kernel_height == 3, window.kernel_width == 3, window.stride_height == 1,
      window.stride_width == 1, window.dilation_height == 1, window.dilation_width == 1,
      channels.input >= isa.lanes
    else { return false }
    let tiles = Double(divideUp(window.out_height, 4)) * Double(divideUp(window.out_width, 4))
    let pairs = Double(channels.input) * Double(divideUp(channels.output, isa.lanes) * isa.lanes)
    let lanes = Double(isa.lanes)
    let direct = Double(window.out_height) * Double(window.out_width) * 9 * pairs / (2 * lanes)
    let blocks = Double(divideUp(channels.input, isa.lanes) + divideUp(channels.output, isa.lanes))
    let transformed = tiles * Double(points) * pairs / (2 * lanes) + Double(points) * pairs * 4 / 8 + 150 * tiles * blocks
    return transformed < 0.85 * direct
  }

  /// A convolution that ``pays(_:groups:channels:_:)``.
  /// - Throws: ``PexError`` (malformed) when a size cannot be addressed.
  init(
    _ window: pex_window, samples: Int, channels: (input: Int, output: Int), weight: ValueID, bias: ValueID?,
    activation: Activation, _ isa: InstructionSet
  ) throws {
    let tiles = divideUp(window.out_height, 4) * divideUp(window.out_width, 4)
    let (input, output) = (divideUp(channels.input, isa.lanes), divideUp(channels.output, isa.lanes))
    let tileFloats = saturatingProduct(Self.points, input + output, isa.lanes)
    let weightFloats = saturatingProduct(Self.points, channels.input, output * isa.lanes)
    guard saturatingProduct(tileFloats, tiles) < Int.max / 8, weightFloats < Int.max / 8 else {
      throw PexError(.malformed, "the transformed map is too large to address")
    }
    let size = MemoryLayout<Float>.stride
    let weightBytes = weightFloats * size
    let bytes = max(Self.chunkBytes, weightBytes > Self.farBytes ? weightBytes : 0)
    let fitting = max(Self.chunkTiles, bytes / (tileFloats * size))
    // Whole chunks are shared out: a number that two or four threads divide leaves nobody waiting.
    let needed = divideUp(tiles, fitting)
    let chunks = needed <= 2 ? needed : divideUp(needed, 4) * 4
    let chunk = divideUp(tiles, chunks)
    shape = pex_winograd(
      window: window, in_channels: channels.input, out_channels: channels.output, chunk_tiles: chunk,
      activation: activation.function)
    self.samples = samples
    self.weight = weight
    self.bias = bias
    self.isa = isa
    self.tiles = tiles
    self.chunks = chunks
    chunkFloats = tileFloats * chunk
    self.weightFloats = weightFloats
  }

  private let tiles: Int, chunks: Int, chunkFloats: Int, weightFloats: Int

  var title: String { "winograd" }

  private var packingFloats: Int { 18 * isa.lanes * isa.lanes }
  var scratchFloats: Int { max(packingFloats, chunks > 1 ? chunkFloats : 0) }
  var sharedFloats: Int { chunkFloats }

  private var inputBlocks: Int { divideUp(shape.in_channels, isa.lanes) }
  private var outputBlocks: Int { divideUp(shape.out_channels, isa.lanes) }
  private var panels: Int { divideUp(outputBlocks, 2) }

  var packedConstants: [ValueID] { [weight] + [bias].compactMap { $0 } }
  var packedFloats: Int { weightFloats + outputBlocks * isa.lanes }

  var arrangement: String { "\(shape.in_channels) \(shape.out_channels)" }

  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {
    try source.copy(
      bias, count: shape.out_channels, padded: outputBlocks * isa.lanes, to: packed + weightFloats)
    try source.with(weight, count: shape.out_channels * shape.in_channels * 9) { weights in
      source.workers.ranges(panels, cost: shape.in_channels * isa.lanes * 100) { range, scratch in
        withUnsafePointer(to: shape) {
          isa.kernels.pack_winograd($0, range.lowerBound, range.upperBound, weights, packed, scratch)
        }
      }
    }
  }

  func run(_ context: StepContext) throws {
    let packed = try context.weights()
    let window = shape.window
    let inputSize = inputBlocks * isa.lanes * window.in_height * window.in_width
    let outputSize = outputBlocks * isa.lanes * window.out_height * window.out_width
    for sample in 0..<samples {
      let work = Work(
        input: context.inputs[0] + sample * inputSize, packed: packed, bias: packed + weightFloats,
        residual: context.inputs.count > 1 ? context.inputs[1] + sample * outputSize : nil,
        output: context.outputs[0] + sample * outputSize)
      if chunks > 1, chunks >= context.workers.pool.threads {
        context.workers.each(chunks, cost: Int.max) { chunk, scratch in runAlone(work, chunk, scratch) }
      } else {
        for chunk in 0..<chunks { runTogether(work, chunk, context.workers) }
      }
    }
  }

  private struct Work {
    let input: UnsafePointer<Float>, packed: UnsafePointer<Float>, bias: UnsafePointer<Float>
    let residual: UnsafePointer<Float>?
    let output: UnsafeMutablePointer<Float>
  }

  private func tilesOf(_ chunk: Int) -> (first: Int, count: Int) {
    (chunk * shape.chunk_tiles, min(shape.chunk_tiles, tiles - chunk * shape.chunk_tiles))
  }

  private func runAlone(_ work: Work, _ chunk: Int, _ spectrum: UnsafeMutablePointer<Float>) {
    let (first, count) = tilesOf(chunk)
    guard count > 0 else { return }
    let sums = spectrum + Self.points * inputBlocks * shape.chunk_tiles * isa.lanes
    withUnsafePointer(to: shape) { shape in
      isa.kernels.winograd_input(shape, first, count, 0, inputBlocks, work.input, spectrum)
      for point in 0..<Self.points {
        isa.kernels.winograd_products(shape, count, point, 0, panels, spectrum, work.packed, sums)
      }
      isa.kernels.winograd_output(
        shape, first, count, 0, outputBlocks, sums, work.bias, work.residual, work.output)
    }
  }

  private func runTogether(_ work: Work, _ chunk: Int, _ workers: Workers) {
    let (first, count) = tilesOf(chunk)
    guard count > 0 else { return }
    let spectrum = workers.shared
    let sums = spectrum + Self.points * inputBlocks * shape.chunk_tiles * isa.lanes
    workers.ranges(inputBlocks * count, cost: 2000) { range, _ in
      eachBlock(of: range, rows: count) { block, tiles in
        withUnsafePointer(to: shape) {
          isa.kernels.winograd_input(
            $0, first + tiles.lowerBound, tiles.count, block, block + 1, work.input,
            spectrum + tiles.lowerBound * isa.lanes)
        }
      }
    }
    workers.ranges(Self.points * panels, cost: count * shape.in_channels * 2) { range, _ in
      // In the order in which the weights lie.
      for task in range {
        withUnsafePointer(to: shape) {
          isa.kernels.winograd_products(
            $0, count, task % Self.points, task / Self.points, task / Self.points + 1, spectrum, work.packed, sums)
        }
      }
    }
    workers.ranges(outputBlocks * count, cost: 2000) { range, _ in
      eachBlock(of: range, rows: count) { block, tiles in
        withUnsafePointer(to: shape) {
          isa.kernels.winograd_output(
            $0, first + tiles.lowerBound, tiles.count, block, block + 1, sums + tiles.lowerBound * isa.lanes,
            work.bias, work.residual, work.output)
        }
      }
    }
  }
}
