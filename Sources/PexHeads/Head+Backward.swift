import PexTensor

/// What a head computed on its way to one sample's logits, kept for the backward pass.
public struct HeadActivations: Sendable {
  /// Rows of patches, `[positions, channels * 9]`; empty for kinds without a convolution.
  package let patches: [Float]
  /// The convolution's output after ReLU, `[hidden, positions]`; empty for kinds without a convolution.
  package let map: [Float]
  /// The pooled features, ``HeadSpecification/featureCount`` numbers.
  public let features: [Float]
  /// The logits, not divided by the temperature.
  public let logits: [Float]
}

extension Head {
  /// The forward pass of one sample with all that the backward pass needs.
  ///
  /// - Parameters:
  ///   - tap: the tap's numbers for one sample, `[C, spatial…]` row-major.
  ///   - earlier: as in ``logits(tap:earlier:)``.
  /// - Throws: ``PexError`` (defect) when the number of elements differs from the specification.
  public func activations(tap: UnsafeBufferPointer<Float>, earlier: [Float] = []) throws -> HeadActivations {
    guard specification.kind == .conv else {
      let features = try earlier + features(tap: tap)
      return HeadActivations(patches: [], map: [], features: features, logits: try logits(features: features))
    }
    guard tap.count == specification.spatial.reduce(specification.channels, *) else {
      throw PexError(.defect, "a tap of \(tap.count) numbers does not fit a head on \(specification.channels) channels")
    }
    let patches = patches(tap)
    let map = try convolved(patches: patches)
    var features = [Float](repeating: 0, count: specification.featureCount)
    map.withUnsafeBufferPointer { map in
      features.withUnsafeMutableBufferPointer { poolFeatures(map, channels: specification.hidden, into: $0) }
    }
    return HeadActivations(patches: patches, map: map, features: features, logits: try logits(features: features))
  }

  /// Adds one sample's derivatives to `gradients`. The trunk is frozen, so none flows back into the tap.
  ///
  /// - Parameters:
  ///   - activations: what ``activations(tap:)`` returned for the sample.
  ///   - logitGradient: the loss's derivative with respect to the logits, `classes` numbers.
  ///   - gradients: sums of a head of the same specification.
  /// - Throws: ``PexError`` (defect) when a size differs from the specification.
  public func backward(
    _ activations: HeadActivations, logitGradient: [Float], into gradients: inout Gradients
  ) throws {
    let expected = specification.parameters.map { $0.dimensions.reduce(1, *) }
    guard gradients.values.map(\.count) == expected, logitGradient.count == specification.classes,
      activations.features.count == specification.featureCount
    else { throw PexError(.defect, "gradients do not fit a \(specification.kind.rawValue) head") }
    let readout = gradients.values.count - 2
    addReadoutGradient(activations.features, logitGradient, weight: &gradients.values[readout])
    for (row, slope) in logitGradient.enumerated() { gradients.values[readout + 1][row] += slope }
    guard specification.kind == .conv else { return }
    let mapGradient = try mapGradient(activations, featureGradient: featureGradient(logitGradient))
    addConvolutionGradient(activations.patches, mapGradient, weight: &gradients.values[0])
    let positions = mapGradient.count / specification.hidden
    for channel in 0..<specification.hidden {
      gradients.values[1][channel] += mapGradient[channel * positions..<(channel + 1) * positions].reduce(0, +)
    }
  }

  private func addReadoutGradient(_ features: [Float], _ logitGradient: [Float], weight: inout [Float]) {
    for (row, slope) in logitGradient.enumerated() {
      let start = row * features.count
      weight.withUnsafeMutableBufferPointer { weight in
        for index in features.indices { weight[start + index] += slope * features[index] }
      }
    }
  }

  private func featureGradient(_ logitGradient: [Float]) throws -> [Float] {
    var result = [Float](repeating: 0, count: specification.featureCount)
    try parameter("weight").withFloats { weight in
      for (row, slope) in logitGradient.enumerated() {
        for index in result.indices { result[index] += slope * weight[row * result.count + index] }
      }
    }
    return result
  }

  /// Back through pooling and ReLU.
  private func mapGradient(_ activations: HeadActivations, featureGradient: [Float]) throws -> [Float] {
    let map = activations.map
    guard map.count == specification.pooledSpatial.reduce(specification.hidden, *),
      activations.patches.count == specification.pooledSpatial.reduce(specification.channels * 9, *)
    else { throw PexError(.defect, "activations without a convolution for a conv head") }
    var result = [Float](repeating: 0, count: map.count)
    map.withUnsafeBufferPointer { map in
      featureGradient.withUnsafeBufferPointer { gradient in
        result.withUnsafeMutableBufferPointer { result in
          poolGradient(map, channels: specification.hidden, gradient: gradient, into: result)
          for index in result.indices where map[index] <= 0 { result[index] = 0 }
        }
      }
    }
    return result
  }

  private func addConvolutionGradient(_ patches: [Float], _ mapGradient: [Float], weight: inout [Float]) {
    let length = specification.channels * 9
    let positions = mapGradient.count / specification.hidden
    mapGradient.withUnsafeBufferPointer { mapGradient in
      patches.withUnsafeBufferPointer { patches in
        weight.withUnsafeMutableBufferPointer { weight in
          guard let a = mapGradient.baseAddress, let b = patches.baseAddress, let c = weight.baseAddress else { return }
          addProduct(
            rows: specification.hidden, depth: positions, columns: length, a: a, aRow: positions, aDepth: 1,
            b: b, bPitch: length, c: c, cPitch: length)
        }
      }
    }
  }
}
