import Foundation
import PexTensor
import PexZip

/// A Keras model in a file of any of its formats: the configuration, and where the weights are.
struct ModelFile {
  /// The architecture.
  let network: NetworkConfig
  /// How the model was compiled, if it was.
  let training: ConfigValue?
  /// The weights.
  let weights: any WeightFile
  /// The version of Keras that wrote the architecture, as it says itself; "1" when it does not.
  let version: String
  /// The library that computed when the file was written.
  let backend: String

  /// The first number of a version.
  static func major(_ version: String) -> Int { version.split(separator: ".").first.flatMap { Int($0) } ?? 1 }

  private static let zipStart: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
  /// Compressed weights are seldom much smaller than their numbers.
  private static let expansion = 4
  private static let smallFile = 1 << 26

  /// Opens a file.
  /// - Parameter architecture: a JSON file with the architecture of weights that come alone.
  /// - Throws: ``PexError`` as ``KerasImporter/load(path:architecture:options:)``.
  init(path: String, architecture: String?) throws {
    let file = try MappedFile(path: path)
    guard !file.bytes.starts(with: Self.zipStart) else {
      let (config, metadata, image) = try Self.members(of: file)
      let version = metadata?["keras_version"]?.text ?? "3"
      // What model it is comes first: one of somebody's own class has no weights in these places either.
      try self.init(config: config, training: config["compile_config"], version: version, backend: "") {
        guard let weights = try PlacedWeights(root: HDF5File(bytes: image).root) else {
          throw PexError(.malformed, "model.weights.h5: there is no group 'layers'")
        }
        return weights
      }
      return
    }
    let root = try HDF5File(path: path).root
    let group = try root.group("model_weights") ?? root
    let weights: any WeightFile
    let written = try root.text("keras_version") ?? group.text("keras_version")
    if try OrderedWeights.isFound(in: group) {
      weights = OrderedWeights(group: group, version: Self.major(written ?? "1"))
    } else if let placed = try PlacedWeights(root: group) {
      weights = placed
    } else {
      throw PexError(.malformed, "is an HDF5 file, but there is no Keras model in it")
    }
    let training = try root.text("training_config").map {
      try ConfigValue.parse(Array($0.utf8), name: "training_config")
    }
    let backend = try root.text("backend") ?? group.text("backend") ?? ""
    let config = try Self.architecture(root, architecture)
    let version = (architecture == nil ? nil : Self.version(of: config)) ?? written ?? "1"
    try self.init(config: config, training: training, version: version, backend: backend) { weights }
  }

  private init(
    config: ConfigValue, training: ConfigValue?, version: String, backend: String, weights: () throws -> any WeightFile
  ) throws {
    network = try ConfigReader(version: Self.major(version)).network(config)
    self.training = training
    self.version = version
    self.backend = backend
    self.weights = try weights()
  }

  /// Which version a JSON file of its own is from. Keras 3 does not write it, and is the only one that names modules then.
  private static func version(of config: ConfigValue) -> String? {
    config["keras_version"]?.text ?? (config["module"]?.text == nil ? nil : "3")
  }

  private static func architecture(_ root: HDF5Group, _ path: String?) throws -> ConfigValue {
    if let path {
      let file = try MappedFile(path: path)
      return try withExtendedLifetime(file) { try ConfigValue.parse(file.bytes, name: path) }
    }
    guard let text = try root.text("model_config") else {
      throw PexError(
        .malformed, "holds weights alone, without the model's architecture",
        hint: "give it with --architecture FILE.json, which model.to_json() writes")
    }
    return try ConfigValue.parse(Array(text.utf8), name: "model_config")
  }

  /// What a `.keras` archive holds.
  private static func members(
    of file: MappedFile
  ) throws -> (config: ConfigValue, metadata: ConfigValue?, weights: [UInt8]) {
    let archive = try ZipArchive(file.bytes)
    var found: [String: [UInt8]] = [:]
    for index in 0..<min(archive.count, 1 << 12) {
      let entry = try archive.entry(index)
      guard ["config.json", "metadata.json", "model.weights.h5"].contains(entry.name) else { continue }
      guard found[entry.name] == nil else { throw PexError(.malformed, "'\(entry.name)' is in the archive twice") }
      guard entry.size / expansion <= file.bytes.count + smallFile else {
        throw PexError(.malformed, "'\(entry.name)' declares \(entry.size) bytes, far more than the archive has")
      }
      found[entry.name] = try naming("'\(entry.name)'") {
        let stream = try archive.open(entry)
        let bytes = try stream.read(entry.size)
        try stream.finish()
        return bytes
      }
    }
    guard let config = found["config.json"], let weights = found["model.weights.h5"] else {
      throw PexError(
        .malformed, "is a zip file, but no Keras model: expected 'config.json' and 'model.weights.h5' in it")
    }
    return (
      try ConfigValue.parse(config, name: "config.json"),
      try found["metadata.json"].map { try ConfigValue.parse($0, name: "metadata.json") }, weights
    )
  }
}
