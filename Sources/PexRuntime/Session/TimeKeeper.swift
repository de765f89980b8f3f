import PexHeads
import Synchronization

/// Keeps what was measured of one model on one machine, so that nothing is measured twice.
public protocol TimeKeeper: Sendable {
  /// What the ways to some heads take; what is not known yet is measured.
  /// - Parameter heads: with the exits at which they stand.
  /// - Throws: as ``TimeProfile/measure(_:on:threads:)``.
  func times(of heads: [(exit: Int, head: Head)]) throws -> TimeProfile
}

/// Keeps times in memory, as long as somebody keeps this.
public final class TimesInMemory: TimeKeeper {
  private let profile = Mutex(TimeProfile())
  private let model: Model
  private let threads: Int

  /// Nothing is measured yet.
  /// - Parameter threads: those that heads will run with.
  public init(_ model: Model, threads: Int = ThreadPool.defaultThreads) {
    (self.model, self.threads) = (model, threads)
  }

  /// What is known of some heads' ways, and of others what is measured now.
  /// - Throws: as ``TimeProfile/measure(_:on:threads:)``.
  public func times(of heads: [(exit: Int, head: Head)]) throws -> TimeProfile {
    try profile.withLock { profile in
      try profile.measure(heads, on: model, threads: threads)
      return profile
    }
  }
}
