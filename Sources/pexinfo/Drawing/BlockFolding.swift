/// Repeats of the same blocks, drawn once.
struct BlockFolding {
  /// Blocks that follow each other, as often as they repeat.
  struct Fold: Equatable {
    /// The blocks that are drawn: the first ones.
    let blocks: Range<Int>
    /// How often they come, at least once.
    let repeats: Int

    /// All blocks that this stands for.
    var all: Range<Int> { blocks.lowerBound..<blocks.lowerBound + blocks.count * repeats }
  }

  /// The longest part that is looked for.
  private static let longest = 8

  /// The blocks in order: at each place what spares most, and of equals what is shortest.
  static func folds<Block: Equatable>(_ blocks: [Block]) -> [Fold] {
    var folds: [Fold] = []
    var start = 0
    while start < blocks.count {
      var best = Fold(blocks: start..<start + 1, repeats: 1)
      for length in 1...max(1, min(longest, (blocks.count - start) / 2)) where start + length <= blocks.count {
        let part = blocks[start..<start + length]
        var repeats = 1
        while start + (repeats + 1) * length <= blocks.count,
          blocks[start + repeats * length..<start + (repeats + 1) * length].elementsEqual(part)
        { repeats += 1 }
        if (repeats - 1) * length > (best.repeats - 1) * best.blocks.count {
          best = Fold(blocks: start..<start + length, repeats: repeats)
        }
      }
      folds.append(best)
      start = best.all.upperBound
    }
    return folds
  }
}
