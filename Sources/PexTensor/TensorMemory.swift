import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Zeroed memory for tensors, and what tensors that are gone leave for the next ones of the same size.
///
/// One picture follows another, each an input of the same size. Fresh memory for it comes page by page from the system, which
/// takes longer than filling it in.
enum TensorMemory {
  /// Blocks of so many bytes come as pages from the system, zeroed.
  private static let mapped = 1 << 20
  /// Blocks that are kept, and how many bytes of them.
  private static let kept = 64 << 10...4 << 20
  private static let mostKept = 16 << 20

  private struct Block: @unchecked Sendable {
    let memory: UnsafeMutableRawPointer
    let count: Int
  }

  private static let left = Mutex<[Block]>([])

  /// `count` zeroed bytes, from a 64-byte boundary on; at least one.
  /// - Throws: ``PexError`` (exhausted) when the system has no memory left.
  static func take(_ count: Int) throws -> UnsafeMutableRawPointer {
    if kept.contains(count), let block = takeLeft(count) {
      memset(block.memory, 0, count)
      return block.memory
    }
    if count >= mapped {
      guard let pages = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        pages != MAP_FAILED
      else { throw PexError(.exhausted, "no memory left for \(count) bytes") }
      return pages
    }
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 64)
    memset(memory, 0, max(count, 1))
    return memory
  }

  private static func takeLeft(_ count: Int) -> Block? {
    left.withLock { blocks in
      blocks.lastIndex { $0.count == count }.map { blocks.remove(at: $0) }
    }
  }

  /// Takes back what ``take(_:)`` gave. The blocks that came last are kept.
  static func give(_ memory: UnsafeMutableRawPointer, _ count: Int) {
    guard kept.contains(count) else { return release(Block(memory: memory, count: count)) }
    let old = left.withLock { blocks in
      blocks.append(Block(memory: memory, count: count))
      var bytes = blocks.reduce(0) { $0 + $1.count }
      var first = 0
      while bytes > mostKept {
        bytes -= blocks[first].count
        first += 1
      }
      defer { blocks.removeFirst(first) }
      return Array(blocks[..<first])
    }
    old.forEach(release)
  }

  private static func release(_ block: Block) {
    if block.count >= mapped { munmap(block.memory, block.count) } else { block.memory.deallocate() }
  }
}
