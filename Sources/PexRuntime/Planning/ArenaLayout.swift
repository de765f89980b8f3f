import PexTensor

/// Gives places in one block of memory to values that live for part of a run, best fit first.
///
/// Requests must come in the order of time: what is released may be given out again.
struct ArenaLayout {
  /// The size of the block so far, in floats.
  private(set) var size = 0
  /// Free places, ascending, never touching each other.
  private var free: [Range<Int>] = []
  /// Places are whole cache lines.
  private static let line = 16

  /// Takes a place for `count` floats.
  /// - Returns: its offset in floats, a multiple of 16.
  /// - Throws: ``PexError`` (malformed) when the block would grow beyond what can be addressed.
  mutating func allocate(_ count: Int) throws -> Int {
    let length = try Self.rounded(count)
    let fitting = free.indices.filter { free[$0].count >= length }
    if let best = fitting.min(by: { free[$0].count < free[$1].count }) {
      let start = free[best].lowerBound
      if free[best].count == length {
        free.remove(at: best)
      } else {
        free[best] = start + length..<free[best].upperBound
      }
      return start
    }
    var start = size
    if let last = free.last, last.upperBound == size {
      start = last.lowerBound
      free.removeLast()
    }
    let (end, overflow) = start.addingReportingOverflow(length)
    guard !overflow, end < Int.max / MemoryLayout<Float>.stride else {
      throw PexError(.malformed, "the network's feature maps are too large to address")
    }
    size = end
    return start
  }

  /// Gives a place back.
  mutating func release(_ offset: Int, _ count: Int) throws {
    var range = offset..<offset + (try Self.rounded(count))
    var index = free.firstIndex { $0.lowerBound > offset } ?? free.count
    if index < free.count, free[index].lowerBound == range.upperBound {
      range = range.lowerBound..<free[index].upperBound
      free.remove(at: index)
    }
    if index > 0, free[index - 1].upperBound == range.lowerBound {
      index -= 1
      range = free[index].lowerBound..<range.upperBound
      free.remove(at: index)
    }
    free.insert(range, at: index)
  }

  private static func rounded(_ count: Int) throws -> Int {
    let (sum, overflow) = max(count, 1).addingReportingOverflow(line - 1)
    guard !overflow else { throw PexError(.malformed, "a feature map is too large to address") }
    return sum / line * line
  }
}
