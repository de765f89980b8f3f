import Synchronization

/// Keeps what was measured of one model on one machine, so that nothing is measured twice.
public protocol TimeKeeper: Sendable {
  /// Lets `measure` add what the profile lacks. Nobody else measures meanwhile.
  /// - Returns: everything that is known then.
  /// - Throws: whatever `measure` throws; then the profile stays as it was.
  func update(_ measure: (inout TimeProfile) throws -> Void) throws -> TimeProfile
}

/// Keeps a profile in memory.
public final class TimesInMemory: TimeKeeper {
  private let profile = Mutex(TimeProfile())

  /// Nothing is measured yet.
  public init() {}

  public func update(_ measure: (inout TimeProfile) throws -> Void) throws -> TimeProfile {
    try profile.withLock { profile in
      var changed = profile
      try measure(&changed)
      profile = changed
      return changed
    }
  }
}
