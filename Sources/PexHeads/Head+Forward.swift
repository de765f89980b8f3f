import PexTensor

extension Head {
  /// Logits of one sample, not divided by the temperature.
  ///
  /// - Parameters:
  ///   - tap: the tap's numbers for one sample, `[C, spatial…]` row-major.
  ///   - earlier: the features of ``HeadSpecification/earlier``, one tap's after the other, a branch's behind its tap's.
  /// - Returns: `classes` numbers. They depend on the taps and the head alone.
  /// - Throws: ``PexError`` (defect) when the number of elements differs from the specification.
  public func logits(tap: UnsafeBufferPointer<Float>, earlier: [Float] = []) throws -> [Float] {
    try logits(features: earlier + features(tap: tap))
  }

  /// The pooled features of one sample's own tap: what the fully connected layer reads, behind those of earlier taps.
  /// - Throws: ``PexError`` (defect) when the number of elements differs from the specification, or the branch that the
  ///   head reads is not there.
  public func features(tap: UnsafeBufferPointer<Float>) throws -> [Float] {
    let expected = specification.spatial.reduce(specification.channels, *)
    guard tap.count == expected else {
      throw PexError(.defect, "a tap of \(tap.count) numbers does not fit a head on \(expected)")
    }
    let own = specification.kind == .conv ? [] : pooledFeatures(tap, channels: specification.channels)
    guard let branch = try convolutions() else { return own }
    return try branch.map(tap: tap).withUnsafeBufferPointer {
      own + pooledFeatures($0, channels: branch.specification.output.channels)
    }
  }

  /// Logits from pooled features, not divided by the temperature.
  /// - Throws: ``PexError`` (defect) when the number of features differs from the specification.
  public func logits(features: [Float]) throws -> [Float] {
    guard features.count == specification.featureCount else {
      throw PexError(.defect, "\(features.count) features do not fit a head on \(specification.featureCount)")
    }
    return try parameter("weight").withFloats { weight in
      try parameter("bias").withFloats { bias in
        features.withUnsafeBufferPointer { features in
          (0..<specification.classes).map { row in
            bias[row] + dot(weight, row * features.count, features)
          }
        }
      }
    }
  }
}

/// The product of `row` and the run of `matrix` that starts at `offset`, summed in sixteen lanes and then pairwise: the
/// order is fixed, so the result never depends on who computes it.
@inline(__always)
func dot(_ matrix: UnsafeBufferPointer<Float>, _ offset: Int, _ row: UnsafeBufferPointer<Float>) -> Float {
  guard let left = matrix.baseAddress, let right = row.baseAddress, offset + row.count <= matrix.count else { return 0 }
  var lanes = SIMD16<Float>.zero
  var index = 0
  while index + 16 <= row.count {
    let a = UnsafeRawPointer(left + offset + index).loadUnaligned(as: SIMD16<Float>.self)
    let b = UnsafeRawPointer(right + index).loadUnaligned(as: SIMD16<Float>.self)
    lanes += a * b
    index += 16
  }
  let eight = lanes.lowHalf + lanes.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  var sum = two[0] + two[1]
  while index < row.count {
    sum += left[offset + index] * right[index]
    index += 1
  }
  return sum
}
