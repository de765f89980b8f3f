import Foundation
import PexTensor

/// Uninitialised memory for floats, on a 64-byte boundary at least. Its owner sees to it that nobody reads what
/// another thread is writing.
final class FloatBuffer: @unchecked Sendable {
  let base: UnsafeMutablePointer<Float>
  let count: Int

  /// Memory for `count` floats.
  /// - Throws: ``PexError`` (unsupported) when the system has not as much.
  init(count: Int) throws {
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    // Touching fresh memory is several times faster in huge pages.
    let huge = 1 << 21
    let large = bytes >= 2 * huge
    var memory: UnsafeMutableRawPointer?
    guard !overflow, posix_memalign(&memory, large ? huge : 64, bytes) == 0, let memory else {
      throw PexError(.unsupported, "there is no memory for \(count) numbers")
    }
    #if os(Linux)
      if large { madvise(memory, bytes, MADV_HUGEPAGE) }
    #endif
    base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
    self.count = count
  }

  deinit { free(base) }
}
