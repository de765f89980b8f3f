import ArgumentParser

/// What exit policies are chosen by.
enum CostUnit: String, ExpressibleByArgument, CaseIterable {
  /// Time on this machine.
  case time
  /// Multiply-accumulates.
  case macs
}

/// A time, as in `3ms`.
struct Latency: ExpressibleByArgument {
  let milliseconds: Double

  private static let units = [("ms", 1.0), ("us", 1e-3), ("µs", 1e-3), ("s", 1e3)]

  /// A number with its unit behind it; without one it is milliseconds. Nil for anything else.
  init?(argument: String) {
    let unit = Self.units.first { argument.hasSuffix($0.0) }
    let number = argument.dropLast(unit?.0.count ?? 0)
    guard let value = Double(number), value > 0, value.isFinite else { return nil }
    milliseconds = value * (unit?.1 ?? 1)
  }
}
