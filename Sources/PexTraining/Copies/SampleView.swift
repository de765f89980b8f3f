import PexTensor

/// One way to look at samples: the rows of a table, and how far two of them usually are apart.
struct SampleView {
  private let table: FeatureTable
  /// What every number is multiplied by before rows are compared.
  private let weights: [Float]
  /// How far apart pictures of a row's class are, by row among those given; positive.
  private(set) var scales: [Float] = []

  /// Two pictures of one class are less far apart in so many of four cases. Copies among them, which are nearer, hardly move it.
  private static let quantile = 0.75
  /// Pairs that tell of a class.
  private static let mostPairs = 512
  /// Pairs that tell of all classes together, of a few each if need be.
  private static let mostPairsOfAll = 1 << 15

  /// - Parameters:
  ///   - rows: those to look at.
  ///   - classes: one a row; nil where it is not known.
  ///   - standardises: whether every number is divided by its deviation.
  /// - Returns: nil when the rows are all the same to it, or nearly all.
  /// - Throws: as ``FeatureTable/row(_:)``.
  init?(_ table: FeatureTable, rows: [Int], classes: [Int?], standardises: Bool) throws {
    guard rows.count > 1 else { return nil }
    self.table = table
    weights =
      standardises
      ? try Standardisation(table, rows: rows).deviation.map { 1 / $0 } : Array(repeating: 1, count: table.width)
    let members = Dictionary(grouping: rows.indices) { classes[$0] }.mapValues { $0.map { rows[$0] } }
    let overall = try spread(of: rows, most: Self.mostPairs)
    guard overall > 0 else { return nil }
    // However alike the pictures of a class are, copies are nearer than that by half what pictures in general are apart.
    let most = max(8, min(Self.mostPairs, Self.mostPairsOfAll / members.count))
    let own = try members.mapValues { max(try spread(of: $0, most: most), overall / 2) }
    scales = classes.map { own[$0] ?? overall }
  }

  /// The distance that ``quantile`` of the pairs of some rows do not exceed; 0 when there are no pairs.
  private func spread(of rows: [Int], most: Int) throws -> Float {
    let pairs = rows.count * (rows.count - 1) / 2
    var generator = SplitMix64(seed: UInt64(rows.count))
    var distances: [Float] = []
    if pairs <= most {
      for place in rows.indices { distances += try self.distances(from: rows[place], to: Array(rows[..<place])) }
    } else {
      for _ in 0..<most {
        let first = Int(generator.next() % UInt64(rows.count))
        let step = 1 + Int(generator.next() % UInt64(rows.count - 1))
        distances += try self.distances(from: rows[first], to: [rows[(first + step) % rows.count]])
      }
    }
    guard !distances.isEmpty else { return 0 }
    return distances.sorted()[Int(Double(distances.count - 1) * Self.quantile)]
  }

  /// How far some rows are from one: the root of the mean square of all weighed differences.
  func distances(from row: Int, to others: [Int]) throws -> [Float] {
    var (first, distances): ([Float], [Float]) = ([], [])
    guard !others.isEmpty else { return [] }
    try table.each([row] + others) { position, numbers in
      let numbers = UnsafeBufferPointer(start: numbers, count: table.width)
      guard position > 0 else {
        first = Array(numbers)
        return
      }
      distances.append(
        first.withUnsafeBufferPointer { first in weights.withUnsafeBufferPointer { distance(first, numbers, $0) } })
    }
    return distances
  }
}
