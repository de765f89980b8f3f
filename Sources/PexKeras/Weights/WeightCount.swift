import PexTensor

/// How many arrays of weights a layer has.
struct WeightCount: Hashable, Sendable {
  /// Arrays that training changes.
  var trainable: Int
  /// Arrays that it does not: running statistics.
  var fixed = 0

  static let none = WeightCount(trainable: 0)

  var total: Int { trainable + fixed }
}

/// A layer with weights of its own, found in the tree of a model's layers.
struct WeightedLayer {
  var path: String
  var count: WeightCount
  var isTrainable: Bool

  /// The layers with weights of one layer of a network, within nested networks and wrappers too, in the order in which
  /// Keras goes through them.
  /// - Throws: ``PexError`` when a setting that decides on weights cannot be read.
  static func all(of layer: LayerConfig, path: String, isTrainable: Bool = true) throws -> [WeightedLayer] {
    let isTrainable = isTrainable && layer.isTrainable
    if let network = layer.network {
      return try network.layers.flatMap { try all(of: $0, path: "\(path)/\($0.name)", isTrainable: isTrainable) }
    }
    let count = try naming("layer '\(path)'") { try LayerTable.weightCount(of: layer) }
    let own = count.total > 0 ? [WeightedLayer(path: path, count: count, isTrainable: isTrainable)] : []
    return try own + layer.inner.flatMap { try all(of: $0, path: "\(path)/\($0.name)", isTrainable: isTrainable) }
  }
}
