import CPexKernels
import PexBundle
import PexData
import PexTensor
import Testing

/// The kernels of every level that this machine has, held to plain loops over exact integers.
@Suite struct ResamplingKernelTests {
  private static var levels: [pex_kernels] {
    ["avx512", "avx2", "portable"].compactMap { (name: String) in pex_kernels_named(name).map(\.pointee) }
  }

  /// Some windows over a line: short and long ones, at its very ends, with weights below 0.
  private struct Windows {
    let taps: Int
    var first: [Int32] = []
    var lengths: [Int32] = []
    var weights: [Int32] = []

    init(over old: Int, count: Int, _ random: inout SplitMix64) {
      let longest = Int.random(in: 1...min(old, 23), using: &random)
      taps = (longest + 3) / 4 * 4
      for index in 0..<count {
        let length = Int.random(in: 1...longest, using: &random)
        first.append(
          index == 0 ? 0 : index == 1 ? Int32(old - length) : Int32.random(in: 0...Int32(old - length), using: &random))
        lengths.append(Int32(length))
        let limit = Int32(1 << 22) / Int32(length)
        weights += (0..<length).map { _ in Int32.random(in: -limit / 3...limit + limit / 3, using: &random) }
        weights += Array(repeating: 0, count: taps - length)
      }
    }

    func form<Result>(_ body: (UnsafePointer<pex_resampling>) -> Result) -> Result {
      first.withUnsafeBufferPointer { first in
        lengths.withUnsafeBufferPointer { lengths in
          weights.withUnsafeBufferPointer { weights in
            var form = pex_resampling(
              count: first.count, taps: taps, first: first.baseAddress, windows: lengths.baseAddress,
              weights: weights.baseAddress)
            return body(&form)
          }
        }
      }
    }

    /// New sample `index` of a line whose samples stand `step` apart.
    func sample(_ index: Int, _ line: (Int) -> UInt8) -> UInt8 {
      let sum = (0..<Int(lengths[index])).reduce(1 << 21) {
        $0 + Int(weights[index * taps + $1]) * Int(line(Int(first[index]) + $1))
      }
      return UInt8(min(max(sum >> 22, 0), 255))
    }
  }

  @Test func everyLevelSumsExactly() throws {
    #expect(!Self.levels.isEmpty)
    var random = SplitMix64(seed: 11)
    for _ in 0..<60 {
      let (width, height) = (Int.random(in: 1...70, using: &random), Int.random(in: 1...30, using: &random))
      let count = Int.random(in: 1...40, using: &random)
      let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
      let across = Windows(over: width, count: count, &random)
      let down = Windows(over: height, count: count, &random)
      let columns = (0..<height).flatMap { row in
        (0..<count).flatMap { column in
          (0..<3).map { channel in across.sample(column) { pixels[(row * width + $0) * 3 + channel] } }
        }
      }
      let rows = (0..<count).flatMap { row in
        (0..<width * 3).map { place in down.sample(row) { pixels[$0 * width * 3 + place] } }
      }
      for kernels in Self.levels {
        var found = [UInt8](repeating: 0, count: height * count * 3)
        across.form { kernels.resample_columns(pixels, width, height, width * 3, $0, &found) }
        #expect(found == columns)
        found = [UInt8](repeating: 0, count: count * width * 3)
        down.form { kernels.resample_rows(pixels, width * 3, $0, &found) }
        #expect(found == rows)
      }
    }
  }

  @Test func everyLevelMakesTheSameNumbersOfLevels() {
    let pixels = (0..<3 * 137).map { UInt8(truncatingIfNeeded: $0 * 89) }
    for kernels in Self.levels {
      var luma = [UInt8](repeating: 0, count: 137)
      kernels.luma(pixels, 137, &luma)
      for index in luma.indices {
        let pixel = pixels[3 * index..<3 * index + 3].map(Int.init)
        let sum = zip(pixel, [19595, 38470, 7471]).reduce(0x8000) { $0 + $1.0 * $1.1 }
        #expect(Int(luma[index]) == sum >> 16)
      }
      for step in [1, 3] {
        var numbers = [Float](repeating: 0, count: 137)
        kernels.plane_of_levels(pixels, step, 137, 1 / 255, 0.485, 0.229, &numbers)
        let wanted: [Float] = (0..<137).map { (Float(pixels[$0 * step]) * (1 / 255) - 0.485) / 0.229 }
        #expect(numbers == wanted)
      }
    }
  }
}
