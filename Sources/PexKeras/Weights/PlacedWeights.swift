import PexTensor

/// Weights by the place of their layer among layers of its class, as `.keras` archives and `.weights.h5` files of Keras 3
/// have them: `layers/conv2d_1/vars/0`.
struct PlacedWeights: WeightFile {
  private let root: HDF5Group
  /// What stands between the parts of a place: Keras 2 joined them with a backslash on Windows, into one name.
  private let separator: String

  /// The folders of a model's layers: Keras 2.12 and 2.13 had another one.
  private static let folders = ["layers", numberedTwice]
  /// Keras 2.12 and 2.13 listed layers with weights twice, and so their numbers count 0, 2, 4 ….
  private static let numberedTwice = "_layer_checkpoint_dependencies"
  /// Members of a file that are looked at.
  private static let memberLimit = 1 << 16

  /// The weights in a file; nil when they are not stored like this.
  init?(root: HDF5Group) throws {
    self.root = root
    if try Self.folders.contains(where: { try root.group($0) != nil }) {
      separator = "/"
    } else if root.memberNames(limit: Self.memberLimit).contains(where: { name in
      Self.folders.contains { name.hasPrefix("\($0)\\") }
    }) {
      separator = "\\"
    } else {
      return nil
    }
  }

  func datasets(for network: NetworkConfig) throws -> [String: [HDF5Dataset]] {
    var result: [String: [HDF5Dataset]] = [:]
    try add(network, at: [], path: "", to: &result)
    return result
  }

  private func name(_ place: [String]) -> String { place.joined(separator: separator) }

  private func add(
    _ network: NetworkConfig, at place: [String], path: String, to result: inout [String: [HDF5Dataset]]
  ) throws {
    let (folder, names) = try names(of: network, at: place)
    for (layer, name) in zip(network.layers, names) {
      try add(layer, at: place + [folder, name], path: path + layer.name, to: &result)
    }
  }

  /// The folder of a network's layers, and what its layers are called there.
  private func names(of network: NetworkConfig, at place: [String]) throws -> (folder: String, layers: [String]) {
    let plain = Self.names(of: network) { _ in 1 }
    let weighted = try network.layers.map(Self.hasWeights)
    func isThere(_ folder: String, _ names: [String]) throws -> Bool {
      try zip(names, weighted).allSatisfy { try !$1 || root.group(name(place + [folder, $0])) != nil }
    }
    let twice = Self.names(of: network) { weighted[$0] ? 2 : 1 }
    if try !isThere(Self.folders[0], plain), try isThere(Self.numberedTwice, twice) {
      return (Self.numberedTwice, twice)
    }
    if try !isThere(Self.folders[0], plain), try isThere(Self.numberedTwice, plain) {
      return (Self.numberedTwice, plain)
    }
    let folder = try Self.folders.first { try root.group(name(place + [$0])) != nil }
    return (folder ?? Self.folders[0], plain)
  }

  /// Layers by class and number.
  /// - Parameter count: how often a layer is listed.
  private static func names(of network: NetworkConfig, _ count: (Int) -> Int) -> [String] {
    var used: [String: Int] = [:]
    return network.layers.enumerated().map { index, layer in
      let word = snakeCase(layer.className)
      let number = used[word, default: 0]
      used[word] = number + count(index)
      return number == 0 ? word : "\(word)_\(number)"
    }
  }

  /// Whether a layer, or one within it, has arrays of weights.
  private static func hasWeights(_ layer: LayerConfig) throws -> Bool {
    if try layer.network?.layers.contains(where: hasWeights) ?? false { return true }
    if try layer.inner.contains(where: hasWeights) { return true }
    return try naming("layer '\(layer.name)'") { try LayerTable.weightCount(of: layer).total > 0 }
  }

  private func add(
    _ layer: LayerConfig, at place: [String], path: String, to result: inout [String: [HDF5Dataset]]
  ) throws {
    if let network = layer.network { return try add(network, at: place, path: path + "/", to: &result) }
    let count = try naming("layer '\(path)'") { try LayerTable.weightCount(of: layer).total }
    if count > 0 {
      // What a recurrent layer computes at a step is a part of its own.
      let hasCell = try root.group(name(place + ["cell"])) != nil
      let place = name(hasCell ? place + ["cell"] : place)
      result[path] = try (0..<count).map { index in
        guard let dataset = try root.dataset("\(place)/vars/\(index)") else {
          throw PexError(
            .malformed, "layer '\(path)': expected \(count) arrays of weights, found no '\(place)/vars/\(index)'")
        }
        return dataset
      }
    }
    let folders = layer.className == "Bidirectional" ? ["forward_layer", "backward_layer"] : ["layer"]
    for (inner, folder) in zip(layer.inner, folders) {
      try add(inner, at: place + [folder], path: "\(path)/\(inner.name)", to: &result)
    }
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
