import PexTensor

/// Finds rows that lie near each other without comparing all numbers of all of them: along the sixteen directions in which rows
/// differ most two of them are at most as far apart as they are altogether. Rows are ordered along the first of these, so that only
/// those are looked at that lie near each other on it, and nearly all of them are told apart by the sixteen.
struct NeighbourSearch {
  /// Two rows and how far they are apart.
  struct Pair {
    let first: Int
    let second: Int
    /// The root of the mean square of all differences.
    let distance: Float
  }

  /// How many directions there are; the lanes of a vector.
  private static let directions = 16
  /// The rows in the order in which they lie along the first direction.
  private let order: [Int]
  /// Where they lie along all directions, ``directions`` numbers a row.
  private let places: [Float]
  /// All numbers of every row.
  private let numbers: [Float]
  /// As many as a row has numbers.
  private let ones: [Float]

  /// - Parameter rows: some of the table's; pairs speak of their positions here.
  /// - Throws: as ``FeatureTable/row(_:)``.
  init(_ table: FeatureTable, rows: [Int]) throws {
    ones = Array(repeating: 1, count: table.width)
    let directions = try LeadingDirections(table, rows: rows, count: Self.directions).vectors
    var unordered = [[Float]](repeating: [], count: rows.count)
    try table.each(rows) { position, row in
      let row = UnsafeBufferPointer(start: row, count: table.width)
      unordered[position] = directions.map { direction in zip(direction, row).reduce(0) { $0 + $1.0 * $1.1 } }
    }
    // Equal places in the order of the rows: the same samples give the same pairs.
    let order = rows.indices.sorted { (unordered[$0][0], $0) < (unordered[$1][0], $1) }
    var numbers: [Float] = []
    numbers.reserveCapacity(rows.count * table.width)
    try table.each(order.map { rows[$0] }) { _, row in
      numbers.append(contentsOf: UnsafeBufferPointer(start: row, count: table.width))
    }
    (self.order, self.numbers) = (order, numbers)
    places = order.flatMap { unordered[$0] }
  }

  /// The pairs of rows that are no farther apart than either row allows.
  /// - Parameters:
  ///   - radii: how far each row looks.
  ///   - most: of one row's neighbours behind it in the order only so many count, the nearest.
  /// - Throws: `CancellationError` when it is cancelled.
  func pairs(within radii: [Float], most: Int, _ limits: TrainingLimits) throws -> [Pair] {
    let root = Float(ones.count).squareRoot()
    // Places are rounded sums; a little more room loses nobody.
    let radii = order.map { radii[$0] * root * 1.001 }
    var pairs: [Pair] = []
    for first in order.indices {
      if first % 256 == 0 { try limits.check() }
      var found = candidates(for: first, radii).map { ($0, distance(first, $0)) }
        .filter { $0.1 * root <= min(radii[first], radii[$0.0]) }
      if found.count > most { found = Array(found.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(most)) }
      pairs += found.map { Pair(first: order[first], second: order[$0.0], distance: $0.1) }
    }
    return pairs
  }

  /// Rows behind one in the order that lie near it along all directions.
  private func candidates(for first: Int, _ radii: [Float]) -> [Int] {
    var found: [Int] = []
    places.withUnsafeBytes { places in
      radii.withUnsafeBufferPointer { radii in
        let size = MemoryLayout<SIMD16<Float>>.stride
        let own = places.loadUnaligned(fromByteOffset: first * size, as: SIMD16<Float>.self)
        var second = first + 1
        while second < radii.count {
          let apart = places.loadUnaligned(fromByteOffset: second * size, as: SIMD16<Float>.self) - own
          guard apart[0] <= radii[first] else { break }
          let radius = min(radii[first], radii[second])
          if (apart * apart).sum() <= radius * radius { found.append(second) }
          second += 1
        }
      }
    }
    return found
  }

  private func distance(_ first: Int, _ second: Int) -> Float {
    numbers.withUnsafeBufferPointer { numbers in
      func row(_ index: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(rebasing: numbers[index * ones.count..<(index + 1) * ones.count])
      }
      return ones.withUnsafeBufferPointer { PexTraining.distance(row(first), row(second), $0) }
    }
  }
}
