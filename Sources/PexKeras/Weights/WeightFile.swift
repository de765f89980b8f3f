import PexTensor

/// The weights of a model's layers in an HDF5 file, by layer path.
protocol WeightFile {
  /// The arrays of every layer that has some.
  /// - Throws: ``PexError`` (malformed) when the file has not what the architecture needs.
  func datasets(for network: NetworkConfig) throws -> [String: [HDF5Dataset]]
}

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

/// Weights by the place of their layer among layers of its class, as `.keras` archives and `.weights.h5` files of Keras 3
/// have them: `layers/conv2d_1/vars/0`.
struct PlacedWeights: WeightFile {
  let root: HDF5Group

  /// Keras 2.12 called the folder of a model's layers otherwise.
  private static let folders = ["layers", "_layer_checkpoint_dependencies"]

  static func isFound(in group: HDF5Group) throws -> Bool {
    try folders.contains { try group.group($0) != nil }
  }

  func datasets(for network: NetworkConfig) throws -> [String: [HDF5Dataset]] {
    var result: [String: [HDF5Dataset]] = [:]
    try add(network, at: "", path: "", to: &result)
    return result
  }

  private func add(
    _ network: NetworkConfig, at place: String, path: String, to result: inout [String: [HDF5Dataset]]
  ) throws {
    let folder = try Self.folders.first { try root.group(place + $0) != nil } ?? Self.folders[0]
    var used: [String: Int] = [:]
    for layer in network.layers {
      let word = Self.snakeCase(layer.className)
      let count = used[word, default: 0]
      used[word] = count + 1
      let name = count == 0 ? word : "\(word)_\(count)"
      try add(layer, at: "\(place)\(folder)/\(name)/", path: path + layer.name, to: &result)
    }
  }

  private func add(
    _ layer: LayerConfig, at place: String, path: String, to result: inout [String: [HDF5Dataset]]
  ) throws {
    if let network = layer.network { return try add(network, at: place, path: path + "/", to: &result) }
    let count = try naming("layer '\(path)'") { try LayerTable.weightCount(of: layer).total }
    if count > 0 {
      result[path] = try (0..<count).map { index in
        guard let dataset = try root.dataset("\(place)vars/\(index)") else {
          throw PexError(
            .malformed, "layer '\(path)': expected \(count) arrays of weights, found no '\(place)vars/\(index)'")
        }
        return dataset
      }
    }
    for inner in layer.inner { try add(inner, at: "\(place)layer/", path: "\(path)/\(inner.name)", to: &result) }
  }

  /// A class's name in small letters, as Keras puts underscores: `PReLU` is `p_re_lu`, `Conv2D` is `conv2d`.
  static func snakeCase(_ name: String) -> String {
    let letters = Array(name)
    func isCapital(_ index: Int) -> Bool { letters.indices.contains(index) && letters[index].isUppercase }
    func isSmall(_ index: Int) -> Bool { letters.indices.contains(index) && letters[index].isLowercase }
    var result = ""
    for (index, letter) in letters.enumerated() {
      if index > 0, isCapital(index), isSmall(index + 1) || isSmall(index - 1) { result.append("_") }
      result.append(letter.lowercased())
    }
    return result
  }
}
