import PexTensor
import Synchronization

/// The threads of a run and the scratch that each of them has.
struct Workers {
  let pool: ThreadPool
  let scratch: FloatBuffer
  /// Floats of scratch of one thread.
  let stride: Int

  /// The scratch that a plan's steps need.
  /// - Throws: ``PexError`` (unsupported) when there is no memory for it.
  init(pool: ThreadPool, plan: ExecutionPlan) throws {
    let size = MemoryLayout<Float>.stride
    // Threads do not share cache lines.
    let stride = plan.scratchBytes / size / 16 * 16 + 16
    let (scratch, overflow) = stride.multipliedReportingOverflow(by: pool.threads)
    guard !overflow, scratch < ExecutionPlan.physicalMemory / size else {
      throw PexError(.unsupported, "\(pool.threads) threads need \(stride * size) bytes of scratch each")
    }
    self.pool = pool
    self.stride = stride
    self.scratch = try FloatBuffer(count: scratch)
  }

  /// Below this many elementary operations a loop is not worth waking anybody for.
  private static let worthwhile = 8192

  /// Calls `body` with every index below `count` and its thread's scratch.
  /// - Parameter cost: elementary operations of one index, roughly.
  func each(_ count: Int, cost: Int, _ body: (_ index: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
    let chunk = max(1, Self.worthwhile / max(cost, 1))
    guard count > chunk else {
      for index in 0..<count { body(index, scratch.base) }
      return
    }
    pool.parallel((count + chunk - 1) / chunk) { worker, part in
      let mine = scratch.base + worker * stride
      for index in part * chunk..<min(count, (part + 1) * chunk) { body(index, mine) }
    }
  }

  /// Calls `body` with every index below `count`, on all threads.
  /// - Throws: what `body` throws for the lowest index.
  func throwing(_ count: Int, _ body: (_ index: Int) throws -> Void) throws {
    let failures = Mutex<[Int: any Error]>([:])
    each(count, cost: Int.max) { index, _ in
      do { try body(index) } catch { failures.withLock { $0[index] = error } }
    }
    if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
  }

  /// Cuts blocks of rows into parts, some for each thread, and calls `body` with each of them. Large maps are cut by
  /// rows, as the convolutions do it, so that what a thread made is what it reads; small ones by blocks.
  /// - Parameter cost: elementary operations of one row of one block, roughly.
  func parts(
    blocks: Int, rows: Int, cost: Int,
    _ body: (_ blocks: Range<Int>, _ rows: Range<Int>, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) {
    if rows >= 8 * pool.threads {
      ranges(rows, cost: saturatingProduct(blocks, cost)) { body(0..<blocks, $0, $1) }
    } else {
      ranges(blocks, cost: saturatingProduct(rows, cost)) { body($0, 0..<rows, $1) }
    }
  }

  /// Cuts `0..<count` into ranges of nearly equal size, some for each thread, and calls `body` with each of them.
  /// - Parameter cost: elementary operations of one index, roughly.
  func ranges(_ count: Int, cost: Int, _ body: (_ range: Range<Int>, _ scratch: UnsafeMutablePointer<Float>) -> Void) {
    let worth = saturatingProduct(count, max(cost, 1)) / Self.worthwhile
    let parts = max(1, min(count, worth, pool.threads == 1 ? 1 : pool.threads * 3))
    pool.parallel(parts) { worker, part in
      body(count * part / parts..<count * (part + 1) / parts, scratch.base + worker * stride)
    }
  }
}
