/// The weights that turn a line of samples into a longer or shorter one.
struct TriangleFilter {
  /// What one new sample is made of: old samples from `first` on, with weights that add up to one.
  struct Window {
    var first: Int
    /// In units of 2⁻²².
    var weights: [Int]
  }

  private static let precision = 22
  /// One half, which a sum starts from so that ``level(_:)`` rounds to nearest.
  static let half = 1 << (precision - 1)

  /// One window for each new sample.
  let windows: [Window]

  /// The filter from `old` samples to `new` ones; both are positive.
  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    // Enlarging interpolates between two neighbours; shrinking averages over all that a new sample covers.
    let reach = max(scale, 1)
    windows = (0..<new).map { index in
      let centre = (Double(index) + 0.5) * scale
      let first = min(max(Int(centre - reach + 0.5), 0), old - 1)
      let end = max(min(Int(centre + reach + 0.5), old), first + 1)
      let heights = (first..<end).map { max(0, 1 - abs((Double($0) + 0.5 - centre) / reach)) }
      let total = heights.reduce(0, +)
      let weights = heights.map { Int((total > 0 ? $0 / total : 0) * Double(1 << Self.precision) + 0.5) }
      return Window(first: first, weights: weights)
    }
  }

  /// The 8-bit level of a weighted sum.
  static func level(_ sum: Int) -> UInt8 { UInt8(clamping: sum >> precision) }
}
