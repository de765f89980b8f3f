/// Tells how long ago it was made.
public struct Stopwatch: Sendable {
  private let started = ContinuousClock.now

  /// A watch that starts now.
  public init() {}

  /// Milliseconds since the start.
  public var milliseconds: Double {
    let elapsed = started.duration(to: .now).components
    return Double(elapsed.seconds) * 1e3 + Double(elapsed.attoseconds) / 1e15
  }

  /// Seconds since the start.
  public var seconds: Double { milliseconds / 1e3 }
}
