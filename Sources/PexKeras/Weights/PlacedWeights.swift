import PexTensor

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
