import PexTensor

/// The arrays of one layer, in Keras' order, read when they are asked for.
struct LayerWeights {
  private let datasets: [HDF5Dataset]
  private var next = 0

  init(_ datasets: [HDF5Dataset]) { self.datasets = datasets }

  /// The next array.
  /// - Parameters:
  ///   - name: what Keras calls it, for messages.
  ///   - shape: the extents it must have.
  /// - Throws: ``PexError`` (malformed) when there is none, or it has another shape.
  mutating func take(_ name: String, _ shape: [Int]) throws -> Tensor {
    try take(name) { found in found == shape ? nil : "\(shape)" }
  }

  /// The next array, whose extents may have one of several forms.
  /// - Parameter misfit: what was expected instead of the extents, or nil when they fit.
  mutating func take(_ name: String, _ misfit: ([Int]) -> String?) throws -> Tensor {
    guard next < datasets.count else {
      throw PexError(.malformed, "weight '\(name)' is missing: the file has \(datasets.count) arrays for this layer")
    }
    let dataset = datasets[next]
    next += 1
    if let expected = misfit(dataset.extents) {
      throw PexError(
        .malformed, "weight '\(name)': expected shape \(expected), found \(dataset.extents) (\(dataset.path))")
    }
    return try dataset.read()
  }
}
