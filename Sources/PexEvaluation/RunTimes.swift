/// Times of runs that did the same.
public struct RunTimes: Hashable, Sendable {
  /// How many runs.
  public private(set) var count = 0
  private var sum = 0.0
  private var squares = 0.0
  /// The share of the model's multiply-accumulates that such a run takes, its heads included.
  private(set) var fraction = 0.0

  /// Adds a run.
  mutating func add(milliseconds: Double, fraction: Double) {
    count += 1
    sum += milliseconds
    squares += milliseconds * milliseconds
    self.fraction = fraction
  }

  /// The mean in milliseconds; 0 without runs.
  public var mean: Double { sum / Double(max(count, 1)) }

  /// The variance of the mean, in squared milliseconds; 0 for fewer than two runs.
  var variance: Double {
    guard count > 1 else { return 0 }
    let total = Double(count)
    return max(0, squares / total - mean * mean) / (total - 1)
  }
}

/// A mean time with what it would lie in for 95 of 100 measurements like it, by the normal distribution.
public struct TimeEstimate: Hashable, Sendable {
  /// Milliseconds.
  public let mean: Double
  /// Milliseconds, from 0.
  public let interval: ClosedRange<Double>

  /// - Parameter variance: of the mean.
  init(mean: Double, variance: Double) {
    let margin = ProportionInterval.quantile * variance.squareRoot()
    self.mean = mean
    interval = max(0, mean - margin)...max(0, mean + margin)
  }

  init(_ times: RunTimes) { self.init(mean: times.mean, variance: times.variance) }
}
