import PexTensor

/// The directions in which rows differ most, by orthogonal iteration on some of them (Rutishauser 1969).
struct LeadingDirections {
  private static let mostRows = 256
  private static let rounds = 4

  /// Of length 1 and at right angles to each other, or 0 where rows do not differ any more.
  let vectors: [[Float]]

  /// - Throws: as ``FeatureTable/row(_:)``.
  init(_ table: FeatureTable, rows: [Int], count: Int) throws {
    let some = stride(from: 0, to: rows.count, by: max(1, rows.count / Self.mostRows)).map { rows[$0] }
    let mean = try Standardisation(table, rows: some).mean
    let centred = try some.map { row in zip(try table.row(row), mean).map { $0 - $1 } }
    var generator = SplitMix64(seed: 1)
    var vectors = Self.orthonormal((0..<count).map { _ in (0..<table.width).map { _ in generator.normal() } })
    for _ in 0..<Self.rounds { vectors = Self.orthonormal(vectors.map { Self.spread(centred, along: $0) }) }
    self.vectors = vectors
  }

  /// The rows' covariance, but for a factor, times a vector.
  private static func spread(_ rows: [[Float]], along vector: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: vector.count)
    for row in rows {
      let part = zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 }
      for index in result.indices { result[index] += part * row[index] }
    }
    return result
  }

  /// Gram and Schmidt's, twice each, so that rounding leaves no part of an earlier vector.
  private static func orthonormal(_ vectors: [[Float]]) -> [[Float]] {
    var result: [[Float]] = []
    for vector in vectors {
      var rest = vector
      for other in result + result {
        let part = zip(other, rest).reduce(0) { $0 + $1.0 * $1.1 }
        for index in rest.indices { rest[index] -= part * other[index] }
      }
      let (length, before) = (norm(rest), norm(vector))
      let isOwn = length > 1e-3 * before && length.isFinite
      result.append(rest.map { isOwn ? $0 / length : 0 })
    }
    return result
  }

  private static func norm(_ vector: [Float]) -> Float { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
