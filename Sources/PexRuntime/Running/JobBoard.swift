import CPexKernels
import Foundation
import Synchronization

/// Where a ``ThreadPool`` announces the loop it works on.
///
/// A helper enters a loop only while it is open, by raising the number of helpers inside in the same atomic word that
/// says so. A helper that wakes too late finds the loop closed and never touches it, so nobody waits for sleepers.
final class JobBoard: @unchecked Sendable {
  typealias Body = (_ worker: Int, _ index: Int) -> Void

  /// Bits 32… count the loops, bit 31 says that this one is open, the bits below count the helpers inside.
  private let state = Atomic<UInt64>(0)
  private static let open: UInt64 = 1 << 31
  private static let spins = 2000

  private let busy = Atomic<Bool>(false)
  private let closed = Atomic<Bool>(false)
  /// For each thread the next of its own tasks, each in a pair of cache lines of its own.
  private let next: UnsafeMutablePointer<Atomic<Int>>
  private static let stride = 16
  private let threads: Int
  private let sleepers = Atomic<Int>(0)
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let wake = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  /// Written by the caller of a loop before it opens and read by helpers inside it.
  private var count = 0
  private var body: UnsafePointer<Body>?

  init(threads: Int) {
    self.threads = threads
    next = .allocate(capacity: threads * Self.stride)
    for place in 0..<threads * Self.stride { (next + place).initialize(to: Atomic(0)) }
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(wake, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(wake)
    next.deinitialize(count: threads * Self.stride)
    next.deallocate()
    mutex.deallocate()
    wake.deallocate()
  }

  /// Reserves the board for one loop; false when another caller has it.
  func claim() -> Bool { !busy.exchange(true, ordering: .acquiring) }

  /// Gives the board back.
  func release() { busy.store(false, ordering: .releasing) }

  /// Runs a loop together with the helpers. The caller has claimed the board.
  func run(count: Int, body: UnsafePointer<Body>) {
    self.count = count
    self.body = body
    for worker in 0..<threads { next[worker * Self.stride].store(start(of: worker), ordering: .relaxed) }
    let loop = (state.load(ordering: .relaxed) >> 32) &+ 1
    state.store(loop << 32 | Self.open, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
    drain(worker: 0)
    state.bitwiseAnd(~Self.open, ordering: .acquiringAndReleasing)
    var spins = 0
    while state.load(ordering: .acquiring) & (Self.open - 1) != 0 {
      spins += 1
      if spins < Self.spins { pex_pause() } else { sched_yield() }
    }
    self.body = nil
  }

  /// What a helper does until the board closes: wait for a loop, enter it, take its tasks, leave.
  func help(worker: Int) {
    var seen: UInt64 = 0
    while let loop = waitForLoop(after: seen) {
      seen = loop
      drain(worker: worker)
      state.subtract(1, ordering: .releasing)
    }
  }

  /// Makes all helpers return.
  func close() {
    closed.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
  }

  /// The first of a thread's own tasks. Neighbouring tasks go to one thread, and the same ones in every loop of as many:
  /// what one loop leaves in a core's cache is what the next one reads there.
  private func start(of worker: Int) -> Int { count * worker / threads }

  /// Takes the thread's own tasks, then what is left of the others'.
  // Not inlined: every reference to the caller's closure must be gone when this returns.
  @inline(never)
  private func drain(worker: Int) {
    guard let body else { return }
    for turn in 0..<threads {
      let owner = (worker + turn) % threads
      let end = start(of: owner + 1)
      while next[owner * Self.stride].load(ordering: .relaxed) < end {
        let index = next[owner * Self.stride].add(1, ordering: .relaxed).oldValue
        guard index < end else { break }
        body.pointee(worker, index)
      }
    }
  }

  /// Enters the next open loop that is not `seen`, or gives nil when the board closes.
  private func waitForLoop(after seen: UInt64) -> UInt64? {
    var spins = 0
    while true {
      let current = state.load(ordering: .relaxed)
      if isNew(current, after: seen) {
        let entered = state.compareExchange(expected: current, desired: current + 1, ordering: .acquiring).exchanged
        if entered { return current >> 32 }
        continue
      }
      if closed.load(ordering: .relaxed) { return nil }
      spins += 1
      if spins < Self.spins {
        pex_pause()
      } else {
        sleep(after: seen)
        spins = 0
      }
    }
  }

  private func isNew(_ current: UInt64, after seen: UInt64) -> Bool {
    current & Self.open != 0 && current >> 32 != seen
  }

  private func sleep(after seen: UInt64) {
    pthread_mutex_lock(mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while !isNew(state.load(ordering: .sequentiallyConsistent), after: seen),
      !closed.load(ordering: .sequentiallyConsistent)
    {
      pthread_cond_wait(wake, mutex)
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }

  private func wakeAll() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(mutex)
  }
}
