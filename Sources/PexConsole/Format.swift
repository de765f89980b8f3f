import Foundation

/// Numbers as people read them.
public enum Format {
  /// Counts with a unit: `1.8 G`, `11.7 M`, `640`.
  public static func count(_ value: Int) -> String {
    let units: [(Double, String)] = [(1e9, " G"), (1e6, " M"), (1e4, " k")]
    for (scale, unit) in units where Double(value) >= scale {
      return String(format: "%.2f", Double(value) / (unit == " k" ? 1e3 : scale)) + unit
    }
    return String(value)
  }

  /// Bytes with a unit of 1024: `97.5 MiB`.
  public static func bytes(_ value: Int) -> String {
    switch value {
    case ..<1024: "\(value) B"
    case ..<(1 << 20): String(format: "%.1f KiB", Double(value) / 1024)
    case ..<(1 << 30): String(format: "%.1f MiB", Double(value) / Double(1 << 20))
    default: String(format: "%.2f GiB", Double(value) / Double(1 << 30))
    }
  }

  /// A share as percents with one decimal.
  public static func percent(_ share: Double) -> String { String(format: "%.1f %%", 100 * share) }

  /// An interval of shares as percents with one decimal.
  public static func percents(_ shares: ClosedRange<Double>) -> String {
    String(format: "%.1f to %.1f %%", 100 * shares.lowerBound, 100 * shares.upperBound)
  }

  /// A difference of shares as points with one decimal and a sign; without one where it rounds to nothing.
  public static func points(_ difference: Double) -> String {
    let text = String(format: "%+.1f", 100 * difference)
    return ["+0.0", "-0.0"].contains(text) ? "0.0" : text
  }

  /// Seconds, or minutes where there are many.
  public static func seconds(_ value: Double) -> String {
    value < 120 ? String(format: "%.1f s", value) : String(format: "%.1f min", value / 60)
  }

  /// Milliseconds with three significant digits.
  public static func milliseconds(_ value: Double) -> String {
    String(format: value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
  }
}
