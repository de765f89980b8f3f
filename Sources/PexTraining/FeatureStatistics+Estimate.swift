import PexHeads
import PexTensor

extension FeatureStatistics {
  /// The statistics of some labelled samples.
  ///
  /// The covariance within classes is summed in double and taken apart by the pivoted Cholesky decomposition, largest remaining
  /// variance first (Harbrecht, Peters and Schneider 2012), until little of it is left or the rank is ``mostRank``; what is
  /// left of the diagonal is ``residual``. Rows for the last thousandth would make bundles twice as large, and prototypes, which
  /// read them, gain nothing by them; without those for the last hundredth they lose.
  ///
  /// - Parameters:
  ///   - table: pooled features of one tap.
  ///   - labels: one a sample, below `classes`.
  ///   - unexplained: the share of the variance, 0 to 1, that may stay in the diagonal alone.
  /// - Throws: ``PexError``: defect when there are not as many labels as samples; malformed for labels beyond the classes.
  public init(of table: FeatureTable, labels: [Int], classes: Int, unexplained: Double = 0.001) throws {
    guard labels.count == table.count, table.count > 0 else {
      throw PexError(.defect, "\(table.tap): \(labels.count) labels for \(table.count) samples")
    }
    guard labels.allSatisfy((0..<classes).contains) else {
      throw PexError(.malformed, "\(table.tap): a label beyond the \(classes) classes")
    }
    let (counts, means) = try classMeans(table, labels, classes)
    var covariance = try covarianceWithin(table, labels, means)
    let factor = pivotedCholesky(
      &covariance, width: table.width, most: Self.mostRank, until: max(unexplained, 1e-9))
    let residual = (0..<table.width).map { max(0, covariance[$0 * table.width + $0]) }
    try self.init(
      counts: Tensor([classes], counts.map(Float.init)), means: Tensor([classes, table.width], means.map(Float.init)),
      residual: Tensor([table.width], residual.map(Float.init)),
      factor: Tensor([factor.count / table.width, table.width], factor.map(Float.init)))
  }

  /// The mean and the standard deviation of every feature over samples of which each class gives its share.
  /// - Parameter shares: one number of at least 0 a class, with the sum 1.
  public func spread(_ shares: [Float]) -> (mean: [Float], deviation: [Float]) {
    let (means, factor) = (means.floats, factor.floats)
    var mean = [Double](repeating: 0, count: width)
    var square = residual.floats.map(Double.init)
    for (index, value) in factor.enumerated() { square[index % width] += Double(value) * Double(value) }
    for (number, share) in shares.prefix(classes).enumerated() where share > 0 {
      for index in 0..<width { mean[index] += Double(share) * Double(means[number * width + index]) }
    }
    for (number, share) in shares.prefix(classes).enumerated() where share > 0 {
      for index in 0..<width {
        let distance = Double(means[number * width + index]) - mean[index]
        square[index] += Double(share) * distance * distance
      }
    }
    return (mean.map(Float.init), square.map { Float($0.squareRoot()) })
  }
}

/// How many samples each class has, and their mean; zero for classes without any.
private func classMeans(
  _ table: FeatureTable, _ labels: [Int], _ classes: Int
) throws -> (counts: [Int], means: [Double]) {
  let width = table.width
  var counts = [Int](repeating: 0, count: classes)
  var sums = [Double](repeating: 0, count: classes * width)
  for (sample, label) in labels.enumerated() {
    counts[label] += 1
    for (index, value) in try table.row(sample).enumerated() { sums[label * width + index] += Double(value) }
  }
  for index in sums.indices { sums[index] /= Double(max(counts[index / width], 1)) }
  return (counts, sums)
}

/// The covariance of features round their class's mean, `[width, width]`.
private func covarianceWithin(_ table: FeatureTable, _ labels: [Int], _ means: [Double]) throws -> [Double] {
  let width = table.width
  var sums = [Double](repeating: 0, count: width * width)
  var centred = [Double](repeating: 0, count: width)
  try sums.withUnsafeMutableBufferPointer { sums in
    try centred.withUnsafeMutableBufferPointer { centred in
      for (sample, label) in labels.enumerated() {
        for (index, value) in try table.row(sample).enumerated() {
          centred[index] = Double(value) - means[label * width + index]
        }
        for row in 0..<width where centred[row] != 0 {
          let factor = centred[row]
          for column in row..<width { sums[row * width + column] += factor * centred[column] }
        }
      }
    }
  }
  let scale = 1 / Double(table.count)
  for row in 0..<width {
    for column in row..<width {
      sums[row * width + column] *= scale
      sums[column * width + row] = sums[row * width + column]
    }
  }
  return sums
}

/// Takes a covariance apart: rows whose products with themselves add up to it. What is left stays in its diagonal.
private func pivotedCholesky(
  _ matrix: inout [Double], width: Int, most: Int, until unexplained: Double
) -> [Double] {
  var rows: [Double] = []
  let total = (0..<width).reduce(0.0) { $0 + matrix[$1 * width + $1] }
  var diagonal = (0..<width).map { matrix[$0 * width + $0] }
  for _ in 0..<min(width, most) {
    guard let pivot = diagonal.indices.max(by: { diagonal[$0] < diagonal[$1] }),
      diagonal.reduce(0, +) > unexplained * total
    else { break }
    let root = diagonal[pivot].squareRoot()
    var row = (0..<width).map { matrix[pivot * width + $0] }
    for start in stride(from: 0, to: rows.count, by: width) {
      let factor = rows[start + pivot]
      for index in 0..<width { row[index] -= factor * rows[start + index] }
    }
    for index in 0..<width {
      row[index] = diagonal[index] <= 0 ? 0 : row[index] / root
      diagonal[index] = max(0, diagonal[index] - row[index] * row[index])
    }
    diagonal[pivot] = 0
    rows += row
  }
  for index in 0..<width { matrix[index * width + index] = diagonal[index] }
  return rows
}
