import PexGraph
import PexTensor

extension Reference {
  static func select(_ payload: some Selection, _ x: Tensor) -> [Float] {
    let (numbers, strides) = (x.floats, x.shape.strides)
    // Runs of the last axis are copied by themselves: a position list for every element would be slow.
    let offsets = zip(payload.sources(in: x.shape.dimensions), strides).map { list, stride in list.map { $0 * stride } }
    guard let last = offsets.last else { return numbers }
    var result: [Float] = []
    result.reserveCapacity(offsets.reduce(1) { $0 * $1.count })
    for row in Positions(offsets.dropLast().map(\.count)) {
      let start = zip(row, offsets).reduce(0) { $0 + $1.1[$1.0] }
      for offset in last { result.append(numbers[start + offset]) }
    }
    return result
  }

  /// Positions as numbers; of a row with NaN, the first one's.
  static func argMax(_ payload: ArgMax, _ x: Tensor) -> [Float] {
    let (numbers, shape, strides) = (x.floats, x.shape, x.shape.strides)
    var outer = shape.dimensions
    outer[payload.axis] = 1
    return Positions(outer).map { place in
      let start = offset(place, strides)
      var (best, largest) = (0, numbers[start])
      for index in 1..<max(shape[payload.axis], 1) where !largest.isNaN {
        let value = numbers[start + index * strides[payload.axis]]
        if value > largest || value.isNaN || (payload.takesLast && value == largest) {
          (best, largest) = (index, value)
        }
      }
      return Float(best)
    }
  }

  /// One axis after the other, each rounded to f32.
  static func resize(_ payload: Resize, _ x: Tensor) -> [Float] {
    var (numbers, extents) = (x.floats, x.shape.dimensions)
    // Elements that lie outside along any axis keep the number for those, whatever the others would make of it.
    var isOutside = [Bool](repeating: false, count: numbers.count)
    for axis in extents.indices {
      guard let taps = payload.taps(axis: axis, input: extents[axis]) else { continue }
      let (outer, inner) = (extents[..<axis].reduce(1, *), extents[(axis + 1)...].reduce(1, *))
      var (next, outside): ([Float], [Bool]) = ([], [])
      next.reserveCapacity(outer * taps.count * inner)
      for block in 0..<outer {
        let start = block * extents[axis] * inner
        for sources in taps {
          for column in 0..<inner {
            let sum = sources.reduce(0.0) { $0 + $1.weight * Double(numbers[start + $1.position * inner + column]) }
            let isOut = sources.isEmpty || sources.contains { isOutside[start + $0.position * inner + column] }
            next.append(isOut ? Float(payload.extrapolation) : Float(sum))
            outside.append(isOut)
          }
        }
      }
      (numbers, isOutside) = (next, outside)
      extents[axis] = taps.count
    }
    return numbers
  }
}
