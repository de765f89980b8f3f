import Foundation
import PexGraph
import PexTensor

extension Reference {
  /// The input position that an element of the window reads, or nil when it lies in the padding.
  private static func position(_ output: [Int], _ element: [Int], _ axes: [Window.Axis]) -> [Int]? {
    var result: [Int] = []
    for (index, axis) in axes.enumerated() {
      let place = output[index] * axis.stride + element[index] * axis.dilation - axis.before
      guard (0..<axis.input).contains(place) else { return nil }
      result.append(place)
    }
    return result
  }

  /// Sums in double, window element by window element: for each of these, every output position that reads the map
  /// rather than the padding is one product.
  static func convolution(_ payload: Convolution, _ inputs: [Tensor], _ shape: Shape) throws -> [Float] {
    let (x, weight) = (inputs[0], inputs[1])
    let spatial = Array(shape.dimensions.dropFirst(2))
    let axes = try payload.window.axes(over: Array(x.shape.dimensions.dropFirst(2)))
    let (numbers, weights) = (x.floats, weight.floats)
    let bias = inputs.count > 2 ? inputs[2].floats : [Float](repeating: 0, count: shape[1])
    let (channels, outputs) = (weight.shape[1], shape[1] / payload.groups)
    let (strides, places) = (Array(x.shape.strides.dropFirst(2)), Array(Positions(spatial)))
    let reads = Positions(payload.window.kernel).map { element in
      places.enumerated().compactMap { index, place in
        position(place, element, axes).map { (output: index, input: offset($0, strides)) }
      }
    }
    var result: [Float] = []
    result.reserveCapacity(shape.count)
    for sample in 0..<shape[0] {
      for channel in 0..<shape[1] {
        var sums = [Double](repeating: Double(bias[channel]), count: places.count)
        for input in 0..<channels {
          let plane = sample * x.shape.strides[0] + (channel / outputs * channels + input) * x.shape.strides[1]
          for (element, pairs) in reads.enumerated() {
            let factor = Double(weights[(channel * channels + input) * reads.count + element])
            for pair in pairs { sums[pair.output] += factor * Double(numbers[plane + pair.input]) }
          }
        }
        result += sums.map(Float.init)
      }
    }
    return result
  }

  static func pooling(_ payload: Pooling, _ x: Tensor, _ shape: Shape) throws -> [Float] {
    let axes = try payload.window.axes(over: Array(x.shape.dimensions.dropFirst(2)))
    let (numbers, strides) = (x.floats, x.shape.strides)
    let kernel = Array(Positions(payload.window.kernel))
    return Positions(shape.dimensions).map { place in
      var (sum, largest, count) = (0.0, -Float.infinity, 0)
      for step in kernel {
        let within = zip(axes, zip(place.dropFirst(2), step)).allSatisfy { axis, at in
          let reached = at.0 * axis.stride + at.1 * axis.dilation
          return reached < axis.before + axis.input + axis.after
        }
        guard let source = position(Array(place.dropFirst(2)), step, axes) else {
          if payload.countsPadding, within { count += 1 }
          continue
        }
        let value = numbers[offset(Array(place.prefix(2)) + source, strides)]
        sum += Double(value)
        largest = value.isNaN ? value : max(largest, value)
        count += 1
      }
      switch payload.kind {
      case .maximum: return largest
      case .average: return Float(sum / Double(Swift.max(count, 1)))
      }
    }
  }

  static func lpPooling(_ payload: LpPooling, _ x: Tensor, _ shape: Shape) throws -> [Float] {
    let axes = try payload.window.axes(over: Array(x.shape.dimensions.dropFirst(2)))
    let (numbers, strides) = (x.floats, x.shape.strides)
    let kernel = Array(Positions(payload.window.kernel))
    return Positions(shape.dimensions).map { place in
      let sum = kernel.reduce(0.0) { sum, step in
        guard let source = position(Array(place.dropFirst(2)), step, axes) else { return sum }
        return sum + pow(abs(Double(numbers[offset(Array(place.prefix(2)) + source, strides)])), payload.exponent)
      }
      return Float(pow(sum, 1 / payload.exponent))
    }
  }

  /// Every input element adds its window of products to the output, in double.
  static func transposedConvolution(_ payload: TransposedConvolution, _ inputs: [Tensor], _ shape: Shape) -> [Float] {
    let (x, weight) = (inputs[0], inputs[1])
    let (numbers, weights) = (x.floats, weight.floats)
    let bias = inputs.count > 2 ? inputs[2].floats : [Float](repeating: 0, count: shape[1])
    let (extents, strides) = (Array(shape.dimensions.dropFirst(2)), Array(shape.strides.dropFirst(2)))
    let (places, steps) = (Array(Positions(Array(x.shape.dimensions.dropFirst(2)))), Array(Positions(payload.kernel)))
    // Where each element of the window brings each input element; nil where that is cut off.
    let targets = steps.map { step in
      places.map { place -> Int? in
        var target = 0
        for axis in extents.indices {
          let at = place[axis] * payload.strides[axis] + step[axis] * payload.dilations[axis] - payload.before[axis]
          guard (0..<extents[axis]).contains(at) else { return nil }
          target += at * strides[axis]
        }
        return target
      }
    }
    let (channels, outputs) = (x.shape[1] / payload.groups, weight.shape[1])
    var result: [Float] = []
    result.reserveCapacity(shape.count)
    for sample in 0..<shape[0] {
      for channel in 0..<shape[1] {
        var sums = [Double](repeating: Double(bias[channel]), count: extents.reduce(1, *))
        for input in channel / outputs * channels..<(channel / outputs + 1) * channels {
          let plane = (sample * x.shape[1] + input) * places.count
          for (step, row) in targets.enumerated() {
            let factor = Double(weights[(input * outputs + channel % outputs) * steps.count + step])
            for (place, target) in row.enumerated() {
              if let target { sums[target] += factor * Double(numbers[plane + place]) }
            }
          }
        }
        result += sums.map(Float.init)
      }
    }
    return result
  }

  static func pad(_ payload: Pad, _ x: Tensor, _ shape: Shape) -> [Float] {
    let (numbers, strides) = (x.floats, x.shape.strides)
    return Positions(shape.dimensions).map { place in
      let source = zip(place, payload.before).map { $0 - $1 }
      let inside = zip(source, x.shape.dimensions).allSatisfy { (0..<$1).contains($0) }
      return inside ? numbers[offset(source, strides)] : Float(payload.value)
    }
  }
}
