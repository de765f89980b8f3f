import PexTensor

extension Branch {
  /// The map that heads pool, of one sample: plain loops, which every faster way is held against.
  ///
  /// - Parameter tap: `[channels, height, width]`, row-major.
  /// - Returns: `[channels, height, width]` of ``BranchSpecification/output``.
  /// - Throws: ``PexError`` (defect) when the number of elements differs from the specification.
  public func map(tap: UnsafeBufferPointer<Float>) throws -> [Float] {
    let expected = specification.spatial.reduce(specification.channels, *)
    guard tap.count == expected else {
      throw PexError(.defect, "a tap of \(tap.count) numbers does not fit a branch on \(expected)")
    }
    return try zip(specification.layers.indices, tensors).reduce(Array(tap)) { map, layer in
      try convolved(map, layer: layer.0, layer.1.weight, layer.1.bias)
    }
  }

  private func convolved(_ map: [Float], layer index: Int, _ weight: Tensor, _ bias: Tensor?) throws -> [Float] {
    let (layer, input, output) = (
      specification.layers[index], specification.input(of: index), specification.input(of: index + 1)
    )
    let (kernel, reach) = (layer.kernel, layer.kernel / 2)
    let depth = layer.kind == .depthwise ? 1 : input.channels
    let biases = bias?.floats
    var result = [Float](repeating: 0, count: layer.channels * output.height * output.width)
    try weight.withFloats { weight in
      for channel in 0..<layer.channels {
        for row in 0..<output.height {
          for column in 0..<output.width {
            var sum = biases?[channel] ?? 0
            for place in 0..<kernel * kernel {
              let (y, x) = (
                row * layer.stride + place / kernel - reach, column * layer.stride + place % kernel - reach
              )
              guard (0..<input.height).contains(y), (0..<input.width).contains(x) else { continue }
              for source in 0..<depth {
                let from = layer.kind == .depthwise ? channel : source
                sum +=
                  weight[(channel * depth + source) * kernel * kernel + place]
                  * map[(from * input.height + y) * input.width + x]
              }
            }
            result[(channel * output.height + row) * output.width + column] = layer.isActivated ? max(0, sum) : sum
          }
        }
      }
    }
    return result
  }
}
