import Foundation
import PexGraph
import PexTensor

extension Reference {
  static func unary(_ kind: Unary.Kind, _ x: Float) -> Float {
    switch kind {
    case .relu: return x.isNaN ? x : max(x, 0)
    case .clip(let minimum, let maximum): return x.isNaN ? x : min(max(x, Float(minimum)), Float(maximum))
    case .sigmoid: return Float(1 / (1 + exp(-Double(x))))
    case .hardSigmoid(let alpha, let beta): return Float(max(0, min(1, alpha * Double(x) + beta)))
    case .hardSwish: return Float(Double(x) * max(0, min(1, Double(x) / 6 + 0.5)))
    case .leakyRelu(let alpha): return x < 0 ? Float(alpha * Double(x)) : x
    case .elu(let alpha): return x < 0 ? Float(alpha * expm1(Double(x))) : x
    case .tanh: return Float(Foundation.tanh(Double(x)))
    case .exponential: return Float(exp(Double(x)))
    case .logarithm: return Float(log(Double(x)))
    case .squareRoot: return x.squareRoot()
    case .absolute: return Swift.abs(x)
    case .negative: return -x
    case .selu(let alpha, let gamma): return Float(gamma * (x > 0 ? Double(x) : alpha * expm1(Double(x))))
    case .celu(let alpha): return x < 0 ? Float(alpha * expm1(Double(x) / alpha)) : x
    case .thresholdedRelu(let alpha): return x > Float(alpha) || x.isNaN ? x : 0
    case .swish(let alpha): return Float(Double(x) / (1 + exp(-alpha * Double(x))))
    case .gelu: return Float(0.5 * Double(x) * (1 + erf(Double(x) / 2.0.squareRoot())))
    case .tanhGelu:
      let inner = (2 / Double.pi).squareRoot() * (Double(x) + 0.044715 * pow(Double(x), 3))
      return Float(0.5 * Double(x) * (1 + Foundation.tanh(inner)))
    case .mish: return Float(Double(x) * Foundation.tanh(softplus(Double(x))))
    case .softplus: return Float(softplus(Double(x)))
    case .softsign: return x / (1 + Swift.abs(x))
    case .errorFunction: return Float(erf(Double(x)))
    case .reciprocal: return 1 / x
    case .floor: return x.rounded(.down)
    case .ceil: return x.rounded(.up)
    case .sign: return x > 0 ? 1 : x < 0 ? -1 : x
    case .round: return x.rounded(.toNearestOrEven)
    }
  }

  /// log(1 + exp(x)), which overflows nowhere.
  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-Swift.abs(x))) }

  static func binary(_ kind: Binary.Kind, _ inputs: [Tensor], _ shape: Shape) -> [Float] {
    let (left, right) = (inputs[0].floats, inputs[1].floats)
    let strides = inputs.map { broadcastStrides($0.shape, rank: shape.rank) }
    return Positions(shape.dimensions).map { place in
      let (a, b) = (left[offset(place, strides[0])], right[offset(place, strides[1])])
      switch kind {
      case .add: return a + b
      case .subtract: return a - b
      case .multiply: return a * b
      case .divide: return a / b
      case .minimum: return a.isNaN || b.isNaN ? .nan : min(a, b)
      case .maximum: return a.isNaN || b.isNaN ? .nan : max(a, b)
      case .power: return Float(pow(Double(a), Double(b)))
      case .parametricRelu: return a < 0 ? a * b : a
      case .less: return a < b ? 1 : 0
      case .lessOrEqual: return a <= b ? 1 : 0
      case .equal: return a == b ? 1 : 0
      }
    }
  }

  static func choice(_ inputs: [Tensor], _ shape: Shape) -> [Float] {
    let numbers = inputs.map(\.floats)
    let strides = inputs.map { broadcastStrides($0.shape, rank: shape.rank) }
    return Positions(shape.dimensions).map { place in
      let taken = numbers[0][offset(place, strides[0])] != 0 ? 1 : 2
      return numbers[taken][offset(place, strides[taken])]
    }
  }

  /// Strides under which an operand repeats along the axes that it lacks or has as 1.
  private static func broadcastStrides(_ shape: Shape, rank: Int) -> [Int] {
    let own = zip(shape.dimensions, shape.strides).map { $0 == 1 ? 0 : $1 }
    return [Int](repeating: 0, count: rank - shape.rank) + own
  }

  static func batchNormalization(_ payload: BatchNormalization, _ inputs: [Tensor]) -> [Float] {
    let shape = inputs[0].shape
    let parameters = inputs.dropFirst().map(\.floats)
    let (channels, extent) = (shape[1], shape.dimensions.dropFirst(2).reduce(1, *))
    return inputs[0].floats.enumerated().map { index, x in
      let channel = index / extent % channels
      let (scale, shift) = (Double(parameters[0][channel]), Double(parameters[1][channel]))
      let (mean, variance) = (Double(parameters[2][channel]), Double(parameters[3][channel]))
      return Float(scale * (Double(x) - mean) / (variance + payload.epsilon).squareRoot() + shift)
    }
  }

  static func concat(_ axis: Int, _ inputs: [Tensor], _ shape: Shape) -> [Float] {
    let outer = shape.dimensions.prefix(axis).reduce(1, *)
    let parts = inputs.map { (numbers: $0.floats, run: $0.shape.dimensions.dropFirst(axis).reduce(1, *)) }
    var result: [Float] = []
    result.reserveCapacity(shape.count)
    for row in 0..<outer {
      for part in parts { result += part.numbers[row * part.run..<(row + 1) * part.run] }
    }
    return result
  }

  static func transpose(_ permutation: [Int], _ x: Tensor, _ shape: Shape) -> [Float] {
    let (numbers, strides) = (x.floats, x.shape.strides)
    let moved = permutation.map { strides[$0] }
    return Positions(shape.dimensions).map { numbers[offset($0, moved)] }
  }
}
