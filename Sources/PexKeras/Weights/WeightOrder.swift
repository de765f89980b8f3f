import PexTensor

/// In which order the arrays of a layer stand in a file, those of nested networks and wrapped layers among them: all that
/// training changes, then all others, each by the path of the layer that it belongs to.
struct WeightOrder {
  private var changing: [String] = []
  private var resting: [String] = []

  /// The paths, an entry an array.
  var paths: [String] { changing + resting }

  /// - Parameters:
  ///   - version: of Keras. A frozen model keeps the two lists apart in Keras 2; in Keras 3 all its layers are frozen.
  ///   - isFrozen: whether a model around is frozen.
  /// - Throws: ``PexError`` when a setting that decides on weights cannot be read.
  init(of layer: LayerConfig, path: String, version: Int, isFrozen: Bool = false) throws {
    let rests = isFrozen || !layer.isTrainable
    let inner = (layer.network?.layers ?? []) + layer.inner
    guard inner.isEmpty else {
      for layer in inner {
        let order = try WeightOrder(
          of: layer, path: "\(path)/\(layer.name)", version: version, isFrozen: rests && version >= 3)
        changing += order.changing
        resting += order.resting
      }
      if rests { (changing, resting) = ([], changing + resting) }
      return
    }
    let count = try naming("layer '\(path)'") { try LayerTable.weightCount(of: layer) }
    changing = Array(repeating: path, count: rests ? 0 : count.trainable)
    resting = Array(repeating: path, count: count.total - changing.count)
  }
}
