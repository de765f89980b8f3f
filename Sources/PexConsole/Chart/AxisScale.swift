import Foundation

/// Where numbers stand along an axis, and the round ones among them that are marked.
package struct AxisScale: Sendable {
  /// The ends of the axis, with a little room beyond the numbers.
  package let range: ClosedRange<Double>
  /// Round numbers within the range, rising: multiples of 1, 2 or 5 times a power of ten.
  package let ticks: [Double]
  /// The distance of ticks.
  private let step: Double
  private let isShare: Bool

  /// An axis that holds some numbers; those that are not finite do not count.
  /// - Parameter most: ticks at most, 2 or more.
  package init(_ numbers: [Double], _ axis: Chart.Axis, most: Int) {
    let finite = (numbers + (axis.origin.map { [$0] } ?? [])).filter(\.isFinite)
    let (least, largest) = (finite.min() ?? 0, finite.max() ?? 1)
    // One number alone gets room on both sides.
    let span = largest - least
    let room = span > abs(largest) * 1e-9 && span.isFinite ? 0.05 * span : max(0.1 * abs(largest), 0.05)
    var low = least == axis.origin ? least : least - room
    var high = largest == axis.origin && largest > least ? largest : largest + room
    if let limit = axis.limit, limit > 0 {
      if least >= 0 { low = max(low, 0) }
      if largest <= limit { high = min(high, limit) }
    }
    range = low...max(low, high)
    isShare = axis.isShare
    let step = Self.roundStep((range.upperBound - range.lowerBound) / Double(most))
    self.step = step
    let (first, last) = ((range.lowerBound / step).rounded(.up), (range.upperBound / step).rounded(.down))
    // Numbers too large to tell apart have no round ones between them.
    let count = last - first < 100 ? Int(max(last - first, -1)) : -1
    // Shares end at one, whatever room there is for marks.
    ticks = (0..<count + 1).map { (first + Double($0)) * step }.filter { !axis.isShare || $0 < 1 + step / 2 }
  }

  /// The smallest of 1, 2 and 5 times a power of ten that is at least `width`.
  private static func roundStep(_ width: Double) -> Double {
    guard width > 0, width.isFinite else { return 1 }
    let power = pow(10, floor(log10(width)))
    return ([1, 2, 5].first { $0 * power >= width * (1 - 1e-9) } ?? 10) * power
  }

  /// The place of a number, 0 to 1 within the range.
  package func place(_ number: Double) -> Double {
    (number - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// A tick as text, with the decimals that tell neighbours apart.
  package func text(_ tick: Double) -> String {
    let scale: Double = isShare ? 100 : 1
    let decimals = max(0, -Int(floor(log10(step * scale) + 1e-9)))
    // Zero that rounding left a sign is zero.
    let number = abs(tick) < step / 2 ? 0 : tick * scale
    let isPlain = abs(number) < 1e9 && decimals <= 8
    let digits = isPlain ? String(format: "%.*f", decimals, number) : String(format: "%.10g", number)
    return digits + (isShare ? " %" : "")
  }
}
