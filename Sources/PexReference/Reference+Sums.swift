import Foundation
import PexGraph
import PexTensor

extension Reference {
  static func linear(_ inputs: [Tensor], _ shape: Shape) -> [Float] {
    let (x, weight) = (inputs[0].floats, inputs[1].floats)
    let bias = inputs.count > 2 ? inputs[2].floats : [Float](repeating: 0, count: shape[1])
    let length = inputs[1].shape[1]
    return Positions(shape.dimensions).map { place in
      var sum = Double(bias[place[1]])
      for index in 0..<length {
        sum += Double(x[place[0] * length + index]) * Double(weight[place[1] * length + index])
      }
      return Float(sum)
    }
  }

  /// Softmax with the largest number taken off first, so that nothing overflows.
  static func softmax(_ payload: Softmax, _ x: Tensor) -> [Float] {
    let (numbers, shape, strides) = (x.floats, x.shape, x.shape.strides)
    var result = numbers
    var starts = shape.dimensions
    starts[payload.axis] = Swift.min(1, starts[payload.axis])
    for place in Positions(starts) {
      let indices = (0..<shape[payload.axis]).map { offset(place, strides) + $0 * strides[payload.axis] }
      let largest = Double(indices.map { numbers[$0] }.max() ?? 0)
      let total = indices.reduce(0) { $0 + exp(Double(numbers[$1]) - largest) }
      for index in indices {
        let shifted = Double(numbers[index]) - largest
        result[index] = Float(payload.logarithm ? shifted - log(total) : exp(shifted) / total)
      }
    }
    return result
  }

  /// One number in place of the given axes; the result is the same whether they stay as 1 or go.
  static func reduce(_ kind: Reduce.Kind, axes: [Int], _ x: Tensor) -> [Float] {
    let (numbers, shape, strides) = (x.floats, x.shape, x.shape.strides)
    let inner = Array(Positions(axes.map { shape[$0] })).map { offset($0, axes.map { strides[$0] }) }
    var outer = shape.dimensions
    for axis in axes { outer[axis] = 1 }
    return Positions(outer).map { place in
      let start = offset(place, strides)
      let values = inner.map { numbers[start + $0] }
      switch kind {
      case .mean: return Float(values.reduce(0.0) { $0 + Double($1) } / Double(values.count))
      case .sum: return Float(values.reduce(0.0) { $0 + Double($1) })
      case .maximum: return values.reduce(-.infinity) { $1.isNaN ? $1 : Swift.max($0, $1) }
      case .minimum: return values.reduce(.infinity) { $1.isNaN ? $1 : Swift.min($0, $1) }
      case .product: return Float(values.reduce(1.0) { $0 * Double($1) })
      case .norm: return Float(values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
      }
    }
  }
}
