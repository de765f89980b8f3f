import PexTensor

extension Resize {
  /// A position of the input and the weight that it has.
  public struct Tap: Sendable {
    public var position: Int
    public var weight: Double
  }

  /// What every output position along `axis` takes, for an input of `input` elements there; nil when the axis stays as
  /// it is. A position that takes nothing lies outside and is ``Resize/extrapolation``. The formulas are those of the ONNX
  /// operator specification.
  public func taps(axis: Int, input: Int) -> [[Tap]]? {
    guard case .fixed(let output) = dimensions[axis] else { return nil }
    if output == input, scales[axis] == 1, coordinates != .cropAndResize { return nil }
    return (0..<output).map { taps($0, axis, input: input, output: output) }
  }

  private func taps(_ position: Int, _ axis: Int, input: Int, output: Int) -> [Tap] {
    let x = origin(Double(position), axis, input: Double(input), output: output)
    if coordinates == .cropAndResize, x < 0 || x > Double(input - 1) { return [] }
    // An integer coordinate counts as the end of the interval in front of it, so that the ratio lies in 0 < r <= 1.
    let isWhole = x == x.rounded()
    let base = Int(isWhole ? x - 1 : x.rounded(.down))
    let ratio = isWhole ? 1 : x - x.rounded(.down)
    let (first, coefficients) = coefficients(ratio, scale: scales[axis])
    var weights = coefficients
    if excludesOutside {
      for index in weights.indices where !(0..<input).contains(base + first + index) { weights[index] = 0 }
      let total = weights.reduce(0, +)
      if total != 0 { weights = weights.map { $0 / total } }
    }
    var taps: [Tap] = []
    for (index, weight) in weights.enumerated() where weight != 0 {
      let place = min(max(base + first + index, 0), input - 1)
      if let last = taps.indices.last, taps[last].position == place {
        taps[last].weight += weight
      } else {
        taps.append(Tap(position: place, weight: weight))
      }
    }
    return taps
  }

  /// Where an output position lies in the input.
  private func origin(_ x: Double, _ axis: Int, input: Double, output: Int) -> Double {
    let scale = scales[axis]
    switch coordinates {
    case .halfPixel: return (x + 0.5) / scale - 0.5
    case .halfPixelSymmetric:
      // The centre of what would come out unrounded stays in the centre of what does.
      let adjustment = Double(output) / (scale * input)
      return input / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5
    case .pytorchHalfPixel: return output == 1 ? -0.5 : (x + 0.5) / scale - 0.5
    case .alignCorners:
      let length = scale * input
      return output == 1 || length == 1 ? 0 : x * (input - 1) / (length - 1)
    case .asymmetric: return x / scale
    case .halfPixelForNearest: return (x + 0.5) / scale
    case .cropAndResize:
      let (start, end) = (regionStarts[axis], regionEnds[axis])
      guard output > 1 else { return 0.5 * (start + end) * (input - 1) }
      return start * (input - 1) + x * (end - start) * (input - 1) / (Double(output) - 1)
    }
  }

  /// Weights of neighbours, and where the first one lies relative to the one in front of the coordinate.
  private func coefficients(_ ratio: Double, scale: Double) -> (first: Int, weights: [Double]) {
    switch kind {
    case .nearest: return (nearest(ratio), [1])
    case .linear:
      guard antialiases, scale < 1 else { return (0, [1 - ratio, ratio]) }
      return widened(ratio, scale, reach: 1) { max(0, 1 - abs($0)) }
    case .cubic:
      guard antialiases, scale < 1 else { return (-1, (-1...2).map { cubic(ratio - Double($0)) }) }
      return widened(ratio, scale, reach: 2, cubic)
    }
  }

  private func nearest(_ ratio: Double) -> Int {
    if ratio == 1 { return 1 }
    switch rounding {
    case .floor: return 0
    case .ceil: return 1
    case .preferFloor: return ratio <= 0.5 ? 0 : 1
    case .preferCeil: return ratio < 0.5 ? 0 : 1
    }
  }

  /// A kernel stretched by 1 / scale, its weights summing to 1.
  private func widened(
    _ ratio: Double, _ scale: Double, reach: Double, _ kernel: (Double) -> Double
  ) -> (first: Int, weights: [Double]) {
    let first = Int((-reach / scale).rounded(.down)) + 1
    let weights = (first...(1 - first)).map { kernel((Double($0) - ratio) * scale) }
    let total = weights.reduce(0, +)
    return (first, weights.map { $0 / total })
  }

  /// Keys' cubic convolution kernel.
  private func cubic(_ distance: Double) -> Double {
    let (x, a) = (abs(distance), cubicCoefficient)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return 0
  }
}
