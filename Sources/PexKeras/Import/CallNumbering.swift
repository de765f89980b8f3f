/// Which call of a layer a reference means.
///
/// A model used as a layer counts its own inner connection as call 0, so that its first call in the file is 1 or 0,
/// which depends on version and class: the references themselves tell.
struct CallNumbering {
  private var starts: [String: Int] = [:]

  /// - Parameter version: of Keras.
  init(_ network: NetworkConfig, version: Int) {
    let models = Dictionary(
      network.layers.compactMap { layer in layer.network.map { (layer.name, (layer.calls.count, $0.isSequential)) } },
      uniquingKeysWith: { first, _ in first })
    guard !models.isEmpty else { return }
    var numbers: [String: Set<Int>] = [:]
    for reference in network.layers.flatMap({ $0.calls.flatMap(\.references) }) + network.outputs
    where models[reference.layer] != nil {
      numbers[reference.layer, default: []].insert(reference.call)
    }
    for (name, (calls, isSequential)) in models {
      let usual = version >= 3 && isSequential ? 0 : 1
      let used = numbers[name] ?? []
      // What cannot be under the usual count is under the other one.
      let fits = used.allSatisfy { (usual..<usual + calls).contains($0) }
      starts[name] = fits ? usual : 1 - usual
    }
  }

  /// The reference with calls counted from 0.
  func normalised(_ reference: LayerConfig.Reference) -> LayerConfig.Reference {
    guard let start = starts[reference.layer] else { return reference }
    var result = reference
    result.call -= start
    return result
  }
}
