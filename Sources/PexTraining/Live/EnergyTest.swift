import PexTensor

/// Whether two samples of points come from one distribution: the energy test of Székely and Rizzo ("Testing for equal
/// distributions in high dimension", InterStat 2004).
///
/// The statistic is `mn / (m + n) (2 mean|x - y| - mean|x - x'| - mean|y - y'|)` with Euclidean distances, which is 0 where the
/// distributions are the same and positive where they are not, in whatever they differ. Its distribution is that
/// over random exchanges of points, so the level is exact for any distribution and any size.
struct EnergyTest {
  /// How many exchanges are tried.
  static let permutations = 999

  private let points: Int
  /// Distances between all points, row by row.
  private var distances: [Double]

  /// - Parameter rows: points of one width, the first sample's and then the second's.
  init(_ rows: [[Float]]) {
    points = rows.count
    distances = [Double](repeating: 0, count: points * points)
    let rows = Self.standardised(rows)
    for first in 0..<points {
      for second in 0..<first {
        let distance = Self.distance(rows[first], rows[second])
        distances[first * points + second] = distance
        distances[second * points + first] = distance
      }
    }
  }

  /// The statistic and how probable one as large is when both samples come from one distribution, `(1 + larger) / (1 +
  /// permutations)` (Phipson and Smyth 2010).
  /// - Parameter second: how many points the second sample has.
  func run(second: Int, _ generator: inout SplitMix64) -> (statistic: Double, pValue: Double) {
    let sums = (0..<points).map { row in distances[row * points..<(row + 1) * points].reduce(0, +) }
    let total = sums.reduce(0, +)
    func statistic(_ chosen: some Sequence<Int>) -> Double {
      let chosen = Array(chosen)
      var (within, all) = (0.0, 0.0)
      for first in chosen {
        all += sums[first]
        for second in chosen { within += distances[first * points + second] }
      }
      let (m, n) = (Double(points - second), Double(second))
      let between = all - within
      let outside = total - 2 * between - within
      return m * n / (m + n) * (2 * between / (m * n) - outside / (m * m) - within / (n * n))
    }
    let seen = statistic(points - second..<points)
    var larger = 0
    for _ in 0..<Self.permutations where statistic(generator.permutation(points).prefix(second)) >= seen { larger += 1 }
    return (seen, Double(1 + larger) / Double(1 + Self.permutations))
  }

  /// Every number over the deviation that it has in all points together: neither sample is treated apart.
  private static func standardised(_ rows: [[Float]]) -> [[Float]] {
    let width = rows.first?.count ?? 0
    var (mean, square) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
    for row in rows { for index in 0..<width { mean[index] += Double(row[index]) / Double(rows.count) } }
    for row in rows {
      for index in 0..<width {
        let distance = Double(row[index]) - mean[index]
        square[index] += distance * distance / Double(rows.count)
      }
    }
    let scale = square.map { $0 > 0 ? Float(1 / $0.squareRoot()) : 0 }
    return rows.map { row in (0..<width).map { (row[$0] - Float(mean[$0])) * scale[$0] } }
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    var sum: Float = 0
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        for index in a.indices { sum += (a[index] - b[index]) * (a[index] - b[index]) }
      }
    }
    return Double(sum).squareRoot()
  }
}
