import CPexKernels
import PexTensor

/// What a regression reads of samples: their features standardised and scaled to a length of one on average, and a constant
/// behind them.
///
/// Where there are fewer samples than features, the rows are rotated into as many numbers as there are samples, which keeps
/// every product of two rows: the same layers can be found in much less time (the representer theorem; Kimeldorf and Wahba
/// 1970).
package struct RegressionRows {
  /// How many samples.
  package let count: Int
  /// Numbers a row.
  package let width: Int
  /// All rows, one behind the other.
  let values: [Float]
  private let features: Int
  private let standardisation: Standardisation
  /// Takes a layer on rotated rows back; nil where they are not rotated.
  private let rotation: Rotation?

  private struct Rotation {
    /// The rows before, `[count, features + 1]`.
    let rows: [Float]
    /// The lower triangle L with `rows rowsᵀ = L Lᵀ`, `[count, count]`.
    let triangle: [Double]
  }

  /// The rows of a table's samples, standardised by all of them.
  /// - Parameter averages: how many features are averages in their own proportions, the others being left out; nil when all
  ///   count alike.
  /// - Throws: ``PexError`` (malformed) without samples; as ``FeatureTable/row(_:)``.
  package init(_ table: FeatureTable, averages: Int? = nil) throws {
    let each = try Standardisation(table, rows: Array(0..<table.count))
    let standardisation = averages.map { each.proportionate(averages: $0) } ?? each
    let (count, features, stride) = (table.count, table.width, table.width + 1)
    let length = Float(1 / Double(features).squareRoot())
    let scale = standardisation.deviation.map { length / $0 }
    var rows = [Float](repeating: 1, count: count * stride)
    let kernels = pex_kernels_default().pointee
    try rows.withUnsafeMutableBufferPointer { rows in
      guard let to = rows.baseAddress else { return }
      try table.each(Array(0..<count)) { row, values in
        kernels.standardise(features, values, standardisation.mean, scale, to + row * stride)
      }
    }
    (self.count, self.features, self.standardisation) = (count, features, standardisation)
    guard count < stride, let triangle = Self.triangle(rows, count: count, width: stride) else {
      (width, values, rotation) = (stride, rows, nil)
      return
    }
    (width, values) = (count, triangle.map(Float.init))
    rotation = Rotation(rows: rows, triangle: triangle)
  }

  /// A layer on raw features that gives what a layer on these rows gives.
  /// - Parameter weight: `[classes, width]`.
  /// - Returns: `[classes, features]` and `[classes]`.
  package func layer(_ weight: [Float], classes: Int) -> (weight: [Float], bias: [Float]) {
    let stride = features + 1
    let whole = rotation.map { turnedBack(weight, classes: classes, $0) } ?? weight
    let length = Float(1 / Double(features).squareRoot())
    var (scaled, bias): ([Float], [Float]) = ([], [])
    for row in 0..<classes {
      scaled += whole[row * stride..<row * stride + features].map { $0 * length }
      bias.append(whole[row * stride + features])
    }
    return standardisation.folded(weight: scaled, bias: bias)
  }

  /// `weightᵀ = rowsᵀ L⁻ᵀ w`: solved from the last number to the first.
  private func turnedBack(_ weight: [Float], classes: Int, _ rotation: Rotation) -> [Float] {
    let stride = features + 1
    var result = [Float](repeating: 0, count: classes * stride)
    for row in 0..<classes {
      var solution = weight[row * count..<(row + 1) * count].map(Double.init)
      for index in (0..<count).reversed() {
        solution[index] /= rotation.triangle[index * count + index]
        for other in 0..<index { solution[other] -= rotation.triangle[index * count + other] * solution[index] }
      }
      var sums = [Double](repeating: 0, count: stride)
      for (sample, factor) in solution.enumerated() {
        for index in 0..<stride { sums[index] += factor * Double(rotation.rows[sample * stride + index]) }
      }
      result.replaceSubrange(row * stride..<(row + 1) * stride, with: sums.map(Float.init))
    }
    return result
  }

  /// Cholesky's factor of the products of all rows with one another; equal rows are told apart by a millionth.
  /// - Returns: nil when numbers overflow.
  private static func triangle(_ rows: [Float], count: Int, width: Int) -> [Double]? {
    var products = [Float](repeating: 0, count: count * count)
    pex_kernels_default().pointee.layer_logits(
      count, count, width, width, rows, rows, [Float](repeating: 0, count: count), &products)
    let trace = (0..<count).reduce(0.0) { $0 + Double(products[$1 * count + $1]) }
    let jitter = 1e-6 * trace / Double(max(count, 1))
    var triangle = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in 0...row {
        var sum = Double(products[row * count + column])
        if row == column { sum += jitter }
        sum -= triangle.withUnsafeBufferPointer { lower in
          dotProduct(lower, row * count, column * count, count: column)
        }
        if row == column {
          guard sum > 0, sum.isFinite else { return nil }
          triangle[row * count + row] = sum.squareRoot()
        } else {
          triangle[row * count + column] = sum / triangle[column * count + column]
        }
      }
    }
    return triangle
  }
}

/// The product of two runs of one array, in eight lanes.
private func dotProduct(_ values: UnsafeBufferPointer<Double>, _ left: Int, _ right: Int, count: Int) -> Double {
  guard let base = values.baseAddress, max(left, right) + count <= values.count else { return 0 }
  var lanes = SIMD8<Double>.zero
  var index = 0
  while index + 8 <= count {
    let a = UnsafeRawPointer(base + left + index).loadUnaligned(as: SIMD8<Double>.self)
    let b = UnsafeRawPointer(base + right + index).loadUnaligned(as: SIMD8<Double>.self)
    lanes += a * b
    index += 8
  }
  var sum = lanes.sum()
  while index < count {
    sum += base[left + index] * base[right + index]
    index += 1
  }
  return sum
}
