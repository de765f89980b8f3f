import CPexKernels
import PexHeads
import PexRuntime
import PexTensor
import Testing

@Suite struct BranchRunTests {
  /// Features that training caches and runs compute are those of plain loops, on every level and number of threads alike.
  @Test(arguments: [(3, 9, 6), (24, 16, 16), (17, 8, 5)])
  func kernelsComputeWhatBranchesDo(channels: Int, height: Int, width: Int) throws {
    for layers in [
      [BranchLayer].separable(channels: channels, spatial: [height, width]),
      [BranchLayer(.full, channels: 20, stride: 2), BranchLayer(.full, channels: 33)],
    ] {
      let specification = try BranchSpecification(channels: channels, spatial: [height, width], layers: layers)
      let branch = try Branch.random(specification, seed: 5)
      var generator = SplitMix64(seed: 6)
      let tap = (0..<channels * height * width).map { _ in generator.normal() }
      let map = try tap.withUnsafeBufferPointer { try branch.map(tap: $0) }
      let expected = map.withUnsafeBufferPointer { pooledFeatures($0, channels: specification.output.channels) }
      let scale = expected.map(abs).max() ?? 0
      for isa in InstructionSet.available {
        let blocked = Self.blocked(tap, channels: channels, isa)
        let runs = try [(1, false), (2, false), (1, true), (2, true)].map { threads, isBlocked in
          let pool = try ThreadPool(threads: threads)
          let runner = try BranchRunner(BranchPlan(branch), isa, pool: pool, isBlocked: isBlocked)
          return try (0..<2).map { _ in
            var features = [Float](repeating: .nan, count: runner.featureCount)
            try runner.run(on: isBlocked ? blocked : tap, into: &features)
            return features
          }
        }
        #expect(Set(runs.flatMap { $0 }).count == 1, "on \(isa.name)")
        #expect(zip(runs[0][0], expected).allSatisfy { abs($0 - $1) <= 1e-5 * scale }, "on \(isa.name)")
      }
    }
  }

  /// A map in blocks of channels. What lies behind the last channel is NaN: nothing may come of it.
  private static func blocked(_ map: [Float], channels: Int, _ isa: InstructionSet) -> [Float] {
    let (lanes, pixels) = (isa.kernels.lanes, map.count / channels)
    let blocks = (channels + lanes - 1) / lanes
    var result = [Float](repeating: .nan, count: blocks * lanes * pixels)
    for channel in 0..<channels {
      for pixel in 0..<pixels {
        result[(channel / lanes * pixels + pixel) * lanes + channel % lanes] = map[channel * pixels + pixel]
      }
    }
    return result
  }

  @Test(arguments: [(1, 1, 1), (4, 300, 16), (7, 130, 21), (3, 5, 64), (13, 129, 47), (6, 2, 33)])
  func productsAgreeWithPlainSums(rows: Int, depth: Int, columns: Int) {
    var generator = SplitMix64(seed: UInt64(rows))
    let (a, b) = (
      (0..<rows * depth).map { _ in generator.normal() }, (0..<depth * columns).map { _ in generator.normal() }
    )
    for isa in InstructionSet.available {
      for transposed in [false, true] {
        let (row, step) = transposed ? (1, rows) : (depth, 1)
        var c = [Float](repeating: 1, count: rows * columns)
        isa.kernels.add_product(rows, depth, columns, a, row, step, b, columns, &c, columns)
        for index in c.indices {
          let expected = (0..<depth).reduce(1.0) {
            $0 + Double(a[index / columns * row + $1 * step]) * Double(b[$1 * columns + index % columns])
          }
          #expect(abs(Double(c[index]) - expected) < 1e-6 * Double(depth + 10), "\(isa.name), \(index)")
        }
      }
    }
  }

  /// What windows see and the way back are adjoint: `<rows(x), y> = <x, map(y)>`.
  @Test(arguments: [(1, 1, 1, 1), (5, 4, 3, 2), (6, 7, 17, 1), (8, 8, 40, 2)])
  func windowsAndTheirGradientsBelongTogether(height: Int, width: Int, channels: Int, stride: Int) {
    var generator = SplitMix64(seed: 9)
    let places = ((height + stride - 1) / stride) * ((width + stride - 1) / stride)
    let x = (0..<height * width * channels).map { _ in generator.normal() }
    let y = (0..<places * 9 * channels).map { _ in generator.normal() }
    for isa in InstructionSet.available {
      var rows = [Float](repeating: .nan, count: y.count)
      isa.kernels.window_rows(height, width, channels, stride, x, &rows)
      var map = [Float](repeating: 0, count: x.count)
      isa.kernels.add_window_rows(height, width, channels, stride, y, &map)
      let (left, right) = (
        zip(rows, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) },
        zip(x, map).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      )
      #expect(abs(left - right) < 1e-3, "\(isa.name)")
      #expect(rows.contains { $0 != 0 } && map.contains { $0 != 0 })
    }
  }
}
