import CPexKernels
import PexBundle

/// The weights that turn a line of samples into a longer or shorter one, or into a part of it.
struct ResamplingFilter {
  /// How many old samples stand behind each new one, rounded up to what kernels take at a time.
  let taps: Int
  /// The first old sample of each new one's window.
  private(set) var first: [Int32] = []
  /// How many old samples each window has.
  private(set) var windows: [Int32] = []
  /// `taps` for each new sample, in units of 2⁻²²; zeros behind the window.
  private(set) var weights: [Int32] = []

  /// The filter from `old` samples to `new` ones, both positive, of which those in `kept` are computed.
  init(_ kind: Resampling, from old: Int, to new: Int, keeping kept: Range<Int>) {
    let scale = Double(old) / Double(new)
    // Enlarging interpolates between neighbours; shrinking averages over all that a new sample covers.
    let stretch = kind.isAntialiased ? max(scale, 1) : 1
    let reach = kind.support * stretch
    taps = (2 * Int(reach.rounded(.up)) + 1 + 3) / 4 * 4
    for index in kept {
      let centre = (Double(index) + 0.5) * scale
      guard kind != .nearest else {
        append(first: min(Int(centre), old - 1), [1])
        continue
      }
      let first = min(max(Int(centre - reach + 0.5), 0), old - 1)
      let end = max(min(Int(centre + reach + 0.5), old), first + 1)
      let heights = (first..<end).map { kind.weight(at: (Double($0) + 0.5 - centre) / stretch) }
      let total = heights.reduce(0, +)
      append(first: first, heights.map { total == 0 ? 0 : $0 / total })
    }
  }

  /// The old samples that are needed; none where nothing is kept.
  var span: Range<Int> {
    guard let start = first.min(), let end = zip(first, windows).map({ $0 + $1 }).max() else { return 0..<0 }
    return Int(start)..<Int(end)
  }

  /// The same for a line that begins with old sample `start`.
  func shifted(by start: Int) -> ResamplingFilter {
    var result = self
    result.first = first.map { $0 - Int32(start) }
    return result
  }

  /// Calls `body` with what kernels read.
  func withKernelForm<Result>(_ body: (UnsafePointer<pex_resampling>) -> Result) -> Result {
    first.withUnsafeBufferPointer { first in
      windows.withUnsafeBufferPointer { windows in
        weights.withUnsafeBufferPointer { weights in
          var form = pex_resampling(
            count: first.count, taps: taps, first: first.baseAddress, windows: windows.baseAddress,
            weights: weights.baseAddress)
          return body(&form)
        }
      }
    }
  }

  private mutating func append(first: Int, _ shares: [Double]) {
    let unit = Double(1 << Int(PEX_RESAMPLING_BITS))
    self.first.append(Int32(first))
    windows.append(Int32(shares.count))
    weights += shares.map { Int32(($0 * unit).rounded(.toNearestOrAwayFromZero)) }
    weights += Array(repeating: 0, count: taps - shares.count)
  }
}
