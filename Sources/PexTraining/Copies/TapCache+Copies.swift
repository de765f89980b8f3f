import PexTensor

extension TapCache {
  /// Keeps one sample of every group of copies, and none of those whose labels contradict each other: whatever is trained,
  /// chosen and counted on the rest is as if there were one copy.
  /// - Parameter labels: of all samples that the cache was made for.
  /// - Returns: the groups, by the samples' numbers there.
  /// - Throws: as ``FeatureTable/row(_:)``; `CancellationError` when it is cancelled.
  mutating func leaveOutCopies(labels: [Int?], _ limits: TrainingLimits = TrainingLimits()) throws -> SampleGroups {
    guard let pictures = tables(.fingerprint).first?.table else { return SampleGroups() }
    let numbers = kept
    let search = CopySearch(
      pictures: pictures, taps: try taps(), labels: numbers.map { labels[$0] }, limits: limits)
    let groups = try search.groups()
    let leftOut = groups.leftOut
    try keep(numbers.indices.filter { !leftOut.contains($0) })
    return groups.numbered(by: numbers)
  }

  /// The pooled features of every tap that is there, by exit.
  private func taps() throws -> [FeatureTable] {
    let pooled = tables(.pooled)
    let maps = tables(.map).filter { map in !pooled.contains { $0.column.exit == map.column.exit } }
    let own = try maps.map { column, table in
      (
        column,
        try TapTable(table, channels: column.channels, spatial: [column.width / column.channels]).pooled()
      )
    }
    return (pooled + own).sorted { $0.0.exit ?? 0 < $1.0.exit ?? 0 }.map(\.1)
  }
}
