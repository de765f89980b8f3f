import CPexKernels
import Foundation
import PexTensor
import Synchronization

/// Threads of our own that share the tasks of one loop at a time. Swift's cooperative threads are never blocked.
///
/// Any thread may call ``parallel(_:_:)``; while one loop runs, loops of other callers run on their own thread alone.
/// The pool's threads flush denormal numbers to zero.
public final class ThreadPool: Sendable {
  /// How many threads work on a loop, the caller included.
  public let threads: Int
  private let board: JobBoard
  private let helpers: Mutex<[pthread_t]>

  /// A pool of `threads` threads, of which the caller of a loop is one.
  /// - Throws: ``PexError`` (usage) when the number is not 1…1024, (defect) when the system gives no thread.
  public init(threads: Int = ThreadPool.defaultThreads) throws {
    guard (1...1024).contains(threads) else { throw PexError(.usage, "\(threads) threads: expected 1…1024") }
    self.threads = threads
    board = JobBoard(threads: threads)
    var started: [pthread_t] = []
    for worker in 1..<max(threads, 1) {
      guard let thread = Self.start(HelperStart(board: board, worker: worker)) else {
        Self.stop(board, started)
        throw PexError(.defect, "thread \(worker) of \(threads) cannot be started: \(systemMessage())")
      }
      started.append(thread)
    }
    helpers = Mutex(started)
  }

  deinit { helpers.withLock { Self.stop(board, $0) } }

  /// The processors that this process may run on.
  public static var defaultThreads: Int {
    min(max(pex_available_processors(), 1), 1024)
  }

  /// Calls `body` once for every index below `count`, on several threads, in no order, and returns when all are done.
  ///
  /// - Parameter body: gets the number of the thread that calls it, below ``threads``, and the index. No two calls of
  ///   one loop with one thread's number run at a time; loops of other callers that run meanwhile have number 0. It must not call ``parallel(_:_:)`` of the same pool.
  public func parallel(_ count: Int, _ body: (_ worker: Int, _ index: Int) -> Void) {
    guard threads > 1, count > 1, board.claim() else {
      for index in 0..<max(count, 0) { body(0, index) }
      return
    }
    defer { board.release() }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { board.run(count: count, body: $0) }
    }
  }

  private final class HelperStart {
    let board: JobBoard
    let worker: Int

    init(board: JobBoard, worker: Int) {
      self.board = board
      self.worker = worker
    }
  }

  private static func start(_ start: HelperStart) -> pthread_t? {
    #if os(Linux)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    let argument = Unmanaged.passRetained(start)
    let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
      guard let argument else { return nil }
      let start = Unmanaged<HelperStart>.fromOpaque(argument).takeRetainedValue()
      _ = pex_flush_denormals()
      start.board.help(worker: start.worker)
      return nil
    }
    #if os(Linux)
      let status = pthread_create(&thread, nil, entry, argument.toOpaque())
    #else
      let status = pthread_create(&thread, nil, { entry($0) }, argument.toOpaque())
    #endif
    guard status == 0 else {
      argument.release()
      return nil
    }
    return thread
  }

  private static func stop(_ board: JobBoard, _ threads: [pthread_t]) {
    board.close()
    for thread in threads { pthread_join(thread, nil) }
  }
}
