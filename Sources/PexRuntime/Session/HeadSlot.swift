import Synchronization

/// Where sessions take their heads from. Any thread may put other heads there at any time; a run that has begun goes on
/// with those that it began with.
public final class HeadSlot: Sendable {
  private let stored: Mutex<HeadSet>

  /// A slot with heads in it.
  public init(_ heads: HeadSet) { stored = Mutex(heads) }

  /// The heads of the next runs.
  public var heads: HeadSet {
    get { stored.withLock { $0 } }
    set { stored.withLock { $0 = newValue } }
  }
}
