/// The root of the mean square of two rows' differences, each times its weight, summed in eight lanes and then lane by lane:
/// the order is fixed.
/// - Parameters:
///   - first: one row's numbers.
///   - second: as many of the other's.
///   - weights: as many.
func distance(
  _ first: UnsafeBufferPointer<Float>, _ second: UnsafeBufferPointer<Float>, _ weights: UnsafeBufferPointer<Float>
) -> Float {
  guard let first = first.baseAddress, let second = second.baseAddress, let weight = weights.baseAddress else {
    return 0
  }
  var lanes = SIMD8<Float>.zero
  var index = 0
  while index + 8 <= weights.count {
    let difference = (lane(first, index) - lane(second, index)) * lane(weight, index)
    lanes += difference * difference
    index += 8
  }
  var sum = lanes.sum()
  while index < weights.count {
    let difference = (first[index] - second[index]) * weight[index]
    sum += difference * difference
    index += 1
  }
  return (sum / Float(weights.count)).squareRoot()
}

@inline(__always)
private func lane(_ numbers: UnsafePointer<Float>, _ index: Int) -> SIMD8<Float> {
  UnsafeRawPointer(numbers + index).loadUnaligned(as: SIMD8<Float>.self)
}
