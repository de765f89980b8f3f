import PexTensor
import Synchronization

/// Says once that a training is not wanted any more. Any thread may say so.
public final class Cancellation: Sendable {
  private let flag = Atomic(false)

  /// Not cancelled.
  public init() {}

  /// Whether ``cancel()`` was called.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  /// Ends the training at its next step. It throws `CancellationError` then and changes nothing.
  public func cancel() { flag.store(true, ordering: .relaxed) }
}

/// When a training ends that nobody waits for any longer.
///
/// Without a deadline the same samples, options and seed give the same bytes; with one they may not.
public struct TrainingLimits: Sendable {
  /// Ends the training without a result.
  public var cancellation: Cancellation?
  /// Ends the search for better heads: the best so far are the result.
  public var deadline: ContinuousClock.Instant?
  /// Told how much of a head's training is done, 0 to 1: whoever asks whether to end knows how far it has come.
  var report: @Sendable (Double) -> Void = { _ in }

  /// Limits; by default none.
  public init(cancellation: Cancellation? = nil, deadline: ContinuousClock.Instant? = nil) {
    self.cancellation = cancellation
    self.deadline = deadline
  }

  /// - Throws: `CancellationError` when the training was cancelled.
  func check() throws {
    if let cancellation, cancellation.isCancelled { throw CancellationError() }
  }

  /// Whether the time is over.
  var isOver: Bool { deadline.map { ContinuousClock.now >= $0 } ?? false }

  /// The same for one head.
  func reporting(_ report: @escaping @Sendable (Double) -> Void) -> TrainingLimits {
    var limits = self
    limits.report = report
    return limits
  }

  /// The limits of the next of several tasks: its part of the time that is left.
  /// - Parameters:
  ///   - tasks: how many have not begun, the next one included.
  ///   - workers: how many run at a time.
  func share(of tasks: Int, workers: Int) -> TrainingLimits {
    guard let deadline, tasks > workers else { return self }
    let now = ContinuousClock.now
    let part = max(now.duration(to: deadline), .zero) * workers / tasks
    var limits = self
    limits.deadline = now + part
    return limits
  }
}
