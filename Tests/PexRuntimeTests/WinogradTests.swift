import PexGraph
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

extension String {
  /// Whether a profile's word for a kernel means Winograd's algorithm, with tiles of either size.
  var isWinograd: Bool { hasPrefix("winograd") }
}

/// 3x3 convolutions by F(2x2, 3x3) and F(4x4, 3x3), whose error is larger than that of a plain sum of products.
@Suite struct WinogradTests {
  /// The largest max|a-b| / max|b| of one layer on random numbers. Seen over this space: 1.44e-5 with fused products,
  /// 1.86e-5 without (portable).
  static let bound: Float = 4e-5

  /// A layer, its residual and its activation. Shapes are drawn until the planner takes this way on some level.
  static func make(_ seed: Int) throws -> Graph {
    for attempt in 0..<100 {
      let graph = try draw(seed * 100 + attempt)
      let inputs = try randomInputs(graph, batch: 1, seed: 1)
      let isTaken = try InstructionSet.available.contains { isa in
        try Runs.profiled(graph, inputs, isa).steps.contains { $0.kernel.isWinograd }
      }
      if isTaken { return graph }
    }
    throw PexError(.defect, "no shape is computed by Winograd's algorithm")
  }

  private static func draw(_ seed: Int) throws -> Graph {
    var sketch = Sketch(seed: seed)
    let samples: Dimension = sketch.draw.pick(from: [.batch, .batch, .fixed(2), .fixed(3)])
    let spatial = [sketch.draw.pick(1...40), sketch.draw.pick(1...40)]
    // The interpreter is slow: large maps have few channels.
    let most = 3_000_000 / 9 / samples.perSample / spatial.reduce(1, *)
    let inputs = sketch.draw.pick(16...min(100, max(17, most / 16)))
    let outputs = sketch.draw.pick(1...min(100, max(2, most / inputs)))
    let before = [sketch.draw.pick(0...2), sketch.draw.pick(0...2)]
    let after = zip(spatial, before).map { max(sketch.draw.pick(0...2), 3 - $0 - $1) }
    let window = Window(kernel: [3, 3], padding: .explicit(before: before, after: after))
    let x = try sketch.input([samples, .fixed(inputs)] + spatial.map(Dimension.fixed))
    var y = try sketch.convolution(x, outputs, window)
    if sketch.draw.pick(0...1) == 1 { y = try sketch.binary(.add, y, sketch.input(like: y)) }
    y = try sketch.draw.pick(from: ActivationBehind.allCases).applied(to: y, in: &sketch)
    return try sketch.finished(y)
  }

  @Test(arguments: 0..<100)
  func errorsAreBoundedOnRandomWeights(seed: Int) throws {
    for found in try Runs.comparisons(Self.make(seed), seed: UInt64(seed)) {
      #expect(found.error < Self.bound, "on \(found.isa)")
    }
  }

  @Test(arguments: 0..<40)
  func threadsAndTapsChangeNoByte(seed: Int) throws {
    #expect(try Runs.isSteady(Self.make(seed), seed: UInt64(seed)))
  }

  /// Maps that are small beside their channels: reading the weights counts there, of which small tiles need fewer. Their
  /// error is that of a plain sum of products.
  @Test(arguments: [(128, 128, 8), (120, 144, 7)])
  func smallTilesAreTakenWhereWeightsCount(inputs: Int, outputs: Int, extent: Int) throws {
    var sketch = Sketch(seed: extent)
    let x = try sketch.input([.batch, .fixed(inputs), .fixed(extent), .fixed(extent)])
    let y = try sketch.convolution(x, outputs, 3)
    let graph = try sketch.finished(try sketch.binary(.add, y, sketch.input(like: y)))
    let found = try Runs.comparisons(graph, seed: 1)
    #expect(found.contains { $0.kernels.contains("winograd 2x2") })
    for found in found where found.kernels.contains("winograd 2x2") {
      #expect(found.error < 4e-6, "on \(found.isa)")
    }
    #expect(try Runs.isSteady(graph, seed: 2, threads: 1...4))
  }

  /// Weights that need several chunks of tiles: each thread takes whole ones, or all share one after the other.
  @Test(arguments: [(64, 64, 26), (16, 16, 90), (100, 33, 20)])
  func largeMapsAreCutIntoChunks(inputs: Int, outputs: Int, extent: Int) throws {
    var sketch = Sketch(seed: extent)
    let x = try sketch.input([.batch, .fixed(inputs), .fixed(extent), .fixed(extent)])
    let y = try sketch.convolution(x, outputs, 3)
    let graph = try sketch.finished(y)
    for found in try Runs.comparisons(graph, seed: 1) {
      let kernels = found.kernels
      #expect(kernels.contains { $0.isWinograd })
      #expect(found.error < Self.bound, "on \(found.isa)")
    }
    #expect(try Runs.isSteady(graph, seed: 2, threads: 2...4))
  }
}
