import CPexKernels
import PexGraph
import PexTensor

/// 3x3 convolution of stride 1 by Winograd's F(2x2, 3x3) or F(4x4, 3x3), blocked.
///
/// Tiles are worked on in chunks. Where there is one for each thread, each takes whole chunks; else tiles are cut into
/// smaller chunks, or each thread takes some of the output channels of a chunk, so that it reads a part of the transformed
/// weights only, and transforms the input for itself: what another core has just written is slow to come by.
struct WinogradStep: StepKernel {
  private let isa: InstructionSet
  private var shape: pex_winograd
  private let samples: Int
  private let weight: ValueID
  private let bias: ValueID?

  /// Bytes of transformed maps that stay near a core.
  private static let chunkBytes = 1200 << 10
  /// Tiles that make reading the transformed weights from a far cache worth while.
  private static let chunkTiles = 24
  /// Transformed weights beyond this come from so far that they had better be read once.
  private static let farBytes = 4 << 20

  /// A convolution that has a ``tileSize(_:groups:channels:_:)``.
  /// - Throws: ``PexError`` (malformed) when a size cannot be addressed.
  init(
    _ window: pex_window, tileSize: Int, samples: Int, channels: (input: Int, output: Int), weight: ValueID,
    bias: ValueID?, activation: Activation, _ isa: InstructionSet
  ) throws {
    points = Self.points(tileSize)
    let tiles = divideUp(window.out_height, tileSize) * divideUp(window.out_width, tileSize)
    let (input, output) = (divideUp(channels.input, isa.lanes), divideUp(channels.output, isa.lanes))
    let tileFloats = saturatingProduct(points, input + output, isa.lanes)
    let weightFloats = saturatingProduct(points, channels.input, output * isa.lanes)
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
      window: window, in_channels: channels.input, out_channels: channels.output, tile_size: tileSize,
      chunk_tiles: chunk,
      activation: activation.function)
    self.samples = samples
    self.weight = weight
    self.bias = bias
    self.isa = isa
    self.tiles = tiles
    self.chunks = chunks
    self.weightFloats = weightFloats
  }

  private let points: Int, tiles: Int, weightFloats: Int
  private var chunks: Int
  /// Into how many parts the output channels of a chunk are cut.
  private var parts = 1

  var title: String { shape.tile_size == 2 ? "winograd 2x2" : "winograd 4x4" }

  private var packingFloats: Int { 18 * isa.lanes * isa.lanes }
  /// Floats of a chunk's transformed maps, as the kernels lay them out: of the input, and of the sums behind it.
  private var spectrumFloats: Int { points * (inputBlocks * shape.chunk_tiles | 1) * isa.lanes }
  private var sumFloats: Int { points * (outputBlocks * shape.chunk_tiles | 1) * isa.lanes }
  var scratchFloats: Int { max(packingFloats, spectrumFloats + sumFloats) }

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

  /// Where there is not a chunk for each thread, cuts the tiles into more of them or the output channels into parts, as the
  /// last thread is estimated to finish first. More tasks than threads would transform the input several times.
  func divided(among threads: Int) -> any StepKernel {
    guard chunks < threads else { return self }
    var (byTiles, byChannels) = (self, self)
    byTiles.shape.chunk_tiles = divideUp(tiles, threads)
    byTiles.chunks = divideUp(tiles, byTiles.shape.chunk_tiles)
    byChannels.parts = min(panels, threads)
    return byTiles.cycles(threads) < byChannels.cycles(threads) ? byTiles : byChannels
  }

  /// What the last thread is estimated to take.
  private func cycles(_ threads: Int) -> Double {
    let channels = (shape.in_channels, divideUp(panels, parts) * 2 * isa.lanes)
    let rounds = Double(divideUp(chunks * parts, threads))
    return rounds * Self.cycles(channels, tiles: Double(shape.chunk_tiles), size: shape.tile_size, isa)
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
      context.workers.each(chunks * parts, cost: Int.max) { task, scratch in
        let part = task % parts
        run(work, chunk: task / parts, panels: panels * part / parts..<panels * (part + 1) / parts, scratch)
      }
    }
  }

  private struct Work {
    let input: UnsafePointer<Float>, packed: UnsafePointer<Float>, bias: UnsafePointer<Float>
    let residual: UnsafePointer<Float>?
    let output: UnsafeMutablePointer<Float>
  }

  /// Some panels of output channels of a chunk: transforms the input, multiplies in the order in which the weights lie,
  /// and transforms the sums.
  private func run(_ work: Work, chunk: Int, panels: Range<Int>, _ spectrum: UnsafeMutablePointer<Float>) {
    let first = chunk * shape.chunk_tiles
    let count = min(shape.chunk_tiles, tiles - first)
    guard count > 0 else { return }
    let sums = spectrum + spectrumFloats
    withUnsafePointer(to: shape) { shape in
      isa.kernels.winograd_input(shape, first, count, 0, inputBlocks, work.input, spectrum)
      for panel in panels {
        for point in 0..<points {
          isa.kernels.winograd_products(shape, count, point, panel, panel + 1, spectrum, work.packed, sums)
        }
      }
      isa.kernels.winograd_output(
        shape, first, count, 2 * panels.lowerBound, min(outputBlocks, 2 * panels.upperBound), sums, work.bias,
        work.residual, work.output)
    }
  }
}
