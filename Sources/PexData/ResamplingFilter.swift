import CPexKernels
import PexBundle

/// The weights that turn a line of samples into a longer or shorter one, or into a part of it.
struct ResamplingFilter {
  /// How many old samples stand behind each new one, rounded up to what kernels take at a time.
  let taps: Int
  /// The first old sample of each new one's window.
  private(set) var first: [Int32]
  /// How many old samples each window has.
  let windows: [Int32]
  /// `taps` for each new sample, in units of 2⁻²²; zeros behind the window.
  private(set) var weights: [Int32]

  /// The filter from `old` samples to `new` ones, both positive, of which those in `kept` are computed.
  init(_ kind: Resampling, from old: Int, to new: Int, keeping kept: Range<Int>) {
    let scale = Double(old) / Double(new)
    // Enlarging interpolates between neighbours; shrinking averages over all that a new sample covers.
    let stretch = kind.isAntialiased ? max(scale, 1) : 1
    let reach = kind.support * stretch
    let ranges = kept.map { index in
      let centre = (Double(index) + 0.5) * scale
      guard kind != .nearest else {
        let nearest = min(Int(centre), old - 1)
        return nearest..<nearest + 1
      }
      let first = min(max(Int(centre - reach + 0.5), 0), old - 1)
      return first..<max(min(Int(centre + reach + 0.5), old), first + 1)
    }
    let longest = ranges.lazy.map(\.count).max() ?? 0
    taps = (longest + 3) / 4 * 4
    first = ranges.map { Int32($0.lowerBound) }
    windows = ranges.map { Int32($0.count) }
    weights = [Int32](repeating: 0, count: taps * ranges.count)
    var heights = [Double](repeating: 0, count: longest)
    for (place, (index, range)) in zip(kept, ranges).enumerated() {
      let centre = (Double(index) + 0.5) * scale
      var total = 0.0
      for (tap, sample) in range.enumerated() {
        heights[tap] = kind == .nearest ? 1 : kind.weight(at: (Double(sample) + 0.5 - centre) / stretch)
        total += heights[tap]
      }
      for tap in 0..<range.count where total != 0 {
        let share = heights[tap] / total * Double(1 << Int(PEX_RESAMPLING_BITS))
        weights[place * taps + tap] = Int32(share.rounded(.toNearestOrAwayFromZero))
      }
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
}
