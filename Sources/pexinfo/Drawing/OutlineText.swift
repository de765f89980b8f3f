import PexConsole
import PexGraph

/// Words of a drawing, the same in both forms.
extension NetworkOutline {
  /// What a fold's blocks are: the exit points behind them.
  func title(_ fold: BlockFolding.Fold, block: Int) -> String {
    let step = fold.blocks.count
    let ends = stride(from: block, to: fold.all.upperBound, by: step).map { $0 < exits.count ? exits[$0] : nil }
    let numbers = ends.compactMap(\.self)
    guard let first = numbers.first, let last = numbers.last, numbers.count == ends.count else { return "to the end" }
    if numbers.count == 1 { return "to exit \(first)" }
    let isDense = step == 1 && numbers.count > 2 && last - first == numbers.count - 1
    return "to exits " + (isDense ? "\(first) … \(last)" : numbers.map(String.init).joined(separator: ", "))
  }

  /// Extents as `64x32x32`.
  func shape(_ row: Row) -> String { row.extents.map(String.init).joined(separator: "x") }

  /// What a row reads besides the row in front of it.
  func note(_ row: Row, block: Int) -> String {
    let places = row.sources.compactMap { source -> String? in
      switch source {
      case .row, .input, .block(1): return nil
      case .block(let distance), .inside(let distance):
        let exit = block - distance
        return exits.indices.contains(exit) ? "exit \(exits[exit])" : nil
      }
    }
    return places.isEmpty ? "" : " (also of \(places.joined(separator: ", ")))"
  }

  /// A head in a line.
  func words(_ head: HeadPlace) -> [String] {
    let specification = head.specification
    let earlier = specification.earlier.map { String($0.exit) }
    return [
      "exit \(head.exit): \(specification.kind.rawValue) head\(head.isTrained ? "" : ", untrained")",
      "\(specification.classes) classes, \(Format.count(specification.multiplyAccumulates)) MACs",
    ] + (earlier.isEmpty ? [] : ["also reads exit\(earlier.count == 1 ? "" : "s") \(earlier.joined(separator: ", "))"])
  }

  /// Heads behind a fold's blocks, by depth.
  func heads(behind fold: BlockFolding.Fold) -> [HeadPlace] {
    let ends = Set(fold.all.compactMap { exits.indices.contains($0) ? exits[$0] : nil })
    return heads.filter { ends.contains($0.exit) }
  }

  /// The share of the network's multiply-accumulates.
  func share(_ count: Int) -> Double { Double(count) / Double(multiplyAccumulates) }
}
