import PexHeads
import PexTensor

extension TapCache {
  /// What a head answers for some samples; nil when what it reads was not kept.
  /// - Parameter rows: positions among the samples that are kept.
  /// - Throws: as ``FeatureTable/row(_:)``; ``PexError`` (malformed) when numbers overflow.
  func logits(of head: Head, at exit: Int, rows: [Int]) throws -> LogitTable? {
    let specification = head.specification
    var values: [Float] = []
    if specification.kind == .conv {
      guard let (_, maps) = map(at: exit) else { return nil }
      for row in rows { values += try maps.row(row).withUnsafeBufferPointer { try head.logits(tap: $0) } }
    } else {
      let taps = specification.taps(at: exit)
      guard let branches = try branchTables(of: head, at: exit) else { return nil }
      for row in rows {
        let parts = try taps.compactMap { tap in
          try pooled(row, at: tap).map { try $0 + (branches[tap]?.row(row) ?? []) }
        }
        guard parts.count == taps.count else { return nil }
        values += try head.logits(features: parts.flatMap { $0 })
      }
    }
    return try LogitTable(classes: specification.classes, values: values)
  }

  /// The pooled features of one sample, taken from the map where only that was kept.
  private func pooled(_ row: Int, at exit: Int) throws -> [Float]? {
    if let table = table(.pooled, at: exit)?.table { return Array(try table.row(row)) }
    guard let (column, maps) = map(at: exit) else { return nil }
    return try maps.row(row).withUnsafeBufferPointer { pooledFeatures($0, channels: column.channels) }
  }

  private func map(at exit: Int) -> (column: TapColumn, table: FeatureTable)? { table(.map, at: exit) }
}
