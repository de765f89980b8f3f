import Synchronization

/// How far a training has come.
public enum TrainingProgress: Hashable, Sendable {
  /// So many samples have passed the trunk, or their features were there already.
  case features(done: Int)
  /// So many views of samples have trained branches, of so many.
  case branches(done: Int, total: Int)
  /// The share of the heads' training that is done, 0 to 1. Told from whichever thread trains.
  case heads(share: Double)
}

/// Adds up how far several heads have come.
final class HeadProgress: Sendable {
  private struct State {
    var shares: [Double] = []
    var told = 0.0
  }

  private let state = Mutex(State())
  private let heads: Int
  private let tell: @Sendable (Double) -> Void

  /// - Parameters:
  ///   - heads: how many will begin.
  ///   - tell: called with the share of all that is done, which never falls; by one thread at a time.
  init(heads: Int, tell: @escaping @Sendable (Double) -> Void) { (self.heads, self.tell) = (heads, tell) }

  /// A head begins.
  /// - Returns: what to tell how much of it is done, 0 to 1.
  func begin() -> @Sendable (Double) -> Void {
    let index = state.withLock { state in
      state.shares.append(0)
      return state.shares.count - 1
    }
    return { [self] share in
      state.withLock { state in
        state.shares[index] = max(state.shares[index], min(1, share))
        let all = state.shares.reduce(0, +) / Double(max(heads, state.shares.count))
        guard all > state.told else { return }
        state.told = all
        tell(all)
      }
    }
  }
}
