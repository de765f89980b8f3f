/// Plain algebra on small square matrices, row by row: what textbooks say, slow and obvious.
struct DenseMatrix {
  var size: Int
  var values: [Double]

  init(_ size: Int, _ value: (Int, Int) -> Double) {
    self.size = size
    values = (0..<size * size).map { value($0 / size, $0 % size) }
  }

  subscript(_ row: Int, _ column: Int) -> Double { values[row * size + column] }

  func times(_ vector: [Double]) -> [Double] {
    (0..<size).map { row in (0..<size).reduce(0) { $0 + self[row, $1] * vector[$1] } }
  }

  /// The inverse by Gauss and Jordan, with the largest pivot of each column.
  var inverse: DenseMatrix {
    var left = (0..<size).map { row in (0..<size).map { self[row, $0] } }
    var right = (0..<size).map { row in (0..<size).map { row == $0 ? 1.0 : 0 } }
    for column in 0..<size {
      let pivot = (column..<size).max { abs(left[$0][column]) < abs(left[$1][column]) } ?? column
      left.swapAt(column, pivot)
      right.swapAt(column, pivot)
      let scale = left[column][column]
      left[column] = left[column].map { $0 / scale }
      right[column] = right[column].map { $0 / scale }
      for row in 0..<size where row != column {
        let factor = left[row][column]
        for index in 0..<size {
          left[row][index] -= factor * left[column][index]
          right[row][index] -= factor * right[column][index]
        }
      }
    }
    return DenseMatrix(size) { right[$0][$1] }
  }
}

func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// max|a-b| / max|b|.
func relativeDistance(_ a: [Float], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return (zip(a, b).map { abs(Double($0) - $1) }.max() ?? 0) / max(b.map(abs).max() ?? 0, 1e-30)
}
