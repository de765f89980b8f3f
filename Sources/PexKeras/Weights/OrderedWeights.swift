import PexTensor

/// Weights layer by layer in the model's order, as HDF5 files of all versions have them. Layers are matched by their
/// order, as Keras does; names are only for messages.
struct OrderedWeights: WeightFile {
  let group: HDF5Group
  /// The version of Keras that wrote the file.
  let version: Int

  /// Whether a group lists layers like this.
  static func isFound(in group: HDF5Group) throws -> Bool { try group.texts("layer_names") != nil }

  func datasets(for network: NetworkConfig) throws -> [String: [HDF5Dataset]] {
    let layers = try network.layers.map { layer in
      (layer.name, try WeightOrder(of: layer, path: layer.name, version: version).paths)
    }
    let expected = layers.filter { !$0.1.isEmpty }
    let weightless = Set(layers.filter(\.1.isEmpty).map(\.0))
    var stored = try (group.texts("layer_names") ?? []).map { name in (name, try datasets(of: name)) }
      .filter { !$0.1.isEmpty }
    // Layers of random augmentation keep the state of their generator.
    if stored.count > expected.count { stored.removeAll { weightless.contains($0.0) } }
    guard stored.count == expected.count else { throw mismatch(expected.map(\.0), stored.map(\.0)) }
    var result: [String: [HDF5Dataset]] = [:]
    for ((name, paths), (storedName, datasets)) in zip(expected, stored) {
      guard datasets.count == paths.count else {
        throw PexError(
          .malformed,
          "layer '\(name)': expected \(paths.count) arrays of weights, found \(datasets.count) (\(group.path)/\(storedName))"
        )
      }
      for (path, dataset) in zip(paths, datasets) { result[path, default: []].append(dataset) }
    }
    return result
  }

  private func datasets(of layer: String) throws -> [HDF5Dataset] {
    guard let own = try group.group(layer) else {
      throw PexError(.malformed, "\(group.path): 'layer_names' has '\(layer)', but there is no such group")
    }
    return try (own.texts("weight_names") ?? []).map { name in
      guard let dataset = try own.dataset(name) else {
        throw PexError(.malformed, "\(own.path): 'weight_names' has '\(name)', but there is no such dataset")
      }
      return dataset
    }
  }

  private func mismatch(_ expected: [String], _ found: [String]) -> PexError {
    let index = zip(expected, found).enumerated().first { $1.0 != $1.1 }?.offset ?? min(expected.count, found.count)
    func name(_ list: [String]) -> String { list.indices.contains(index) ? "'\(list[index])'" : "none" }
    return PexError(
      .malformed,
      "expected weights for \(expected.count) layers, found them for \(found.count); the first that differs in name is "
        + "\(name(expected)), found \(name(found))",
      hint: "weights and architecture have to be from the same model")
  }
}
