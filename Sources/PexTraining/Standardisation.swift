import PexTensor

/// The mean and spread of every feature over the training samples.
///
/// Heads train on `(feature - mean) / deviation`; folded into the weights afterwards, a saved head reads raw features.
public struct Standardisation: Hashable, Sendable {
  /// One mean a feature.
  public let mean: [Float]
  /// One standard deviation a feature (of the population, not of a sample), never below the floor.
  public let deviation: [Float]

  /// The statistics of some rows of a table, summed in double in the order of `rows`.
  ///
  /// A feature that hardly moves says nothing, and dividing by its deviation would make it loud: deviations below one
  /// hundredth of their root mean square, or below 1e-6, are raised to that.
  ///
  /// - Throws: ``PexError`` (malformed) when `rows` is empty; as ``FeatureTable/row(_:)``.
  public init(_ table: FeatureTable, rows: [Int]) throws {
    guard !rows.isEmpty else { throw PexError(.malformed, "no samples to standardise features by") }
    let scale = 1 / Double(rows.count)
    var mean = [Double](repeating: 0, count: table.width)
    var square = mean
    try mean.withUnsafeMutableBufferPointer { mean in
      try table.each(rows) { _, features in for index in mean.indices { mean[index] += Double(features[index]) } }
      for index in mean.indices { mean[index] *= scale }
    }
    try square.withUnsafeMutableBufferPointer { square in
      try table.each(rows) { _, features in
        for index in square.indices {
          let distance = Double(features[index]) - mean[index]
          square[index] += distance * distance
        }
      }
    }
    let overall = square.reduce(0, +) * scale / Double(table.width)
    let floor = max(1e-6, 0.01 * overall.squareRoot())
    self.mean = mean.map(Float.init)
    deviation = square.map { Float(max(floor, ($0 * scale).squareRoot())) }
  }

  /// The same for a head that reads averages as the model's own classifier does, in their own proportions, and no maxima: what
  /// varies much counts for much.
  ///
  /// All averages share one deviation, that of a feature if all had the same and the maxima had none; a maximum's is infinite.
  /// - Parameter averages: how many features are averages, in front of the maxima.
  func proportionate(averages: Int) -> Standardisation {
    let square = deviation.prefix(averages).reduce(0.0) { $0 + Double($1) * Double($1) }
    let shared = Float(max(1e-6, (square / Double(max(deviation.count, 1))).squareRoot()))
    return Standardisation(
      mean: mean, deviation: deviation.indices.map { $0 < averages ? shared : .infinity })
  }

  private init(mean: [Float], deviation: [Float]) { (self.mean, self.deviation) = (mean, deviation) }

  /// A linear layer on standardised features as one on raw features: `W / deviation`, `b - W (mean / deviation)`.
  ///
  /// Computed in double and rounded once.
  /// - Parameters:
  ///   - weight: `[classes, features]`, row-major.
  ///   - bias: one number a class.
  public func folded(weight: [Float], bias: [Float]) -> (weight: [Float], bias: [Float]) {
    mapped(weight, bias) { value, mean, deviation in (value / deviation, -value / deviation * mean) }
  }

  /// The inverse of ``folded(weight:bias:)``: a linear layer on raw features as one on standardised features.
  public func unfolded(weight: [Float], bias: [Float]) -> (weight: [Float], bias: [Float]) {
    mapped(weight, bias) { value, mean, deviation in (value * deviation, value * mean) }
  }

  /// `change` gives a weight's new value and what it adds to the bias.
  private func mapped(
    _ weight: [Float], _ bias: [Float],
    _ change: (_ value: Double, _ mean: Double, _ deviation: Double) -> (value: Double, shift: Double)
  ) -> (weight: [Float], bias: [Float]) {
    var (weight, bias) = (weight, bias)
    for row in bias.indices {
      var sum = Double(bias[row])
      for index in mean.indices {
        let position = row * mean.count + index
        let (value, shift) = change(Double(weight[position]), Double(mean[index]), Double(deviation[index]))
        weight[position] = Float(value)
        sum += shift
      }
      bias[row] = Float(sum)
    }
    return (weight, bias)
  }
}
