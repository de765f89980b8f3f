import Foundation
import PexGraph
import PexTensor

extension Reference {
  static func localResponseNormalization(_ payload: LocalResponseNormalization, _ x: Tensor) -> [Float] {
    let numbers = x.floats
    let (channels, plane) = (x.shape[1], x.shape.dimensions.dropFirst(2).reduce(1, *))
    return numbers.indices.map { index in
      let channel = index / plane % channels
      let sum = payload.neighbours(of: channel, count: channels).reduce(0.0) {
        let value = Double(numbers[index + ($1 - channel) * plane])
        return $0 + value * value
      }
      let divisor = pow(payload.bias + payload.alpha / Double(payload.size) * sum, payload.beta)
      return Float(Double(numbers[index]) / divisor)
    }
  }

  static func standardization(_ payload: Standardization, _ x: Tensor) -> [Float] {
    let numbers = x.floats
    let count = x.shape.dimensions.dropFirst(payload.axis).reduce(1, *)
    var result: [Float] = []
    result.reserveCapacity(numbers.count)
    for start in stride(from: 0, to: numbers.count, by: max(count, 1)) {
      let row = numbers[start..<start + count].map(Double.init)
      let mean = row.reduce(0, +) / Double(count)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      let factor = 1 / (variance + payload.epsilon).squareRoot()
      result += row.map { Float(($0 - mean) * factor) }
    }
    return result
  }

  /// Sums in double, in the order of the inner axis.
  static func matrixProduct(_ a: Tensor, _ b: Tensor, _ shape: Shape) -> [Float] {
    let (left, right) = (a.floats, b.floats)
    let (rows, depth, columns) = (a.shape[a.shape.rank - 2], a.shape[a.shape.rank - 1], b.shape[b.shape.rank - 1])
    let leading = Array(shape.dimensions.dropLast(2))
    func strides(_ operand: Shape) -> [Int] {
      let own = zip(operand.dimensions, operand.strides).dropLast(2).map { $0 == 1 ? 0 : $1 }
      return [Int](repeating: 0, count: leading.count - own.count) + own
    }
    let (leftStrides, rightStrides) = (strides(a.shape), strides(b.shape))
    var result: [Float] = []
    result.reserveCapacity(shape.count)
    for place in Positions(leading) {
      let (x, y) = (offset(place, leftStrides), offset(place, rightStrides))
      for row in 0..<rows {
        var sums = [Double](repeating: 0, count: columns)
        for step in 0..<depth {
          let factor = Double(left[x + row * depth + step])
          let start = y + step * columns
          for column in 0..<columns { sums[column] += factor * Double(right[start + column]) }
        }
        result += sums.map(Float.init)
      }
    }
    return result
  }
}
