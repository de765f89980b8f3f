import PexTensor

/// Turns a configuration of any Keras version into an architecture.
struct ConfigReader {
  /// The version of Keras that wrote it: 1, 2 or 3.
  let version: Int

  /// Models within models that are followed.
  private static let depthLimit = 32
  /// Layers of a network.
  private static let layerLimit = 1 << 16

  /// The model's architecture.
  /// - Throws: ``PexError``: (malformed) when it is no model; (unsupported) when the model's class is not Keras' own.
  func network(_ config: ConfigValue) throws -> NetworkConfig {
    guard let className = config["class_name"]?.text, let settings = config["config"] else {
      throw PexError(.malformed, "expected a model with 'class_name' and 'config', found \(config)")
    }
    guard Self.isNetwork(settings) else {
      throw PexError(
        .unsupported, "model class '\(className)' has no list of layers: its Python code is never executed",
        hint: "save it as a Functional or Sequential model")
    }
    return try network(settings, name: settings["name"]?.text ?? className, depth: 0)
  }

  private static func isNetwork(_ settings: ConfigValue) -> Bool {
    settings.list != nil || settings["layers"]?.list != nil
  }

  private func network(_ settings: ConfigValue, name: String, depth: Int) throws -> NetworkConfig {
    guard depth < Self.depthLimit else {
      throw PexError(.malformed, "models are nested more than \(Self.depthLimit) deep")
    }
    guard let list = settings.list ?? settings["layers"]?.list, list.count <= Self.layerLimit else {
      throw PexError(.malformed, "model '\(name)': expected at most \(Self.layerLimit) layers")
    }
    var layers: [LayerConfig] = []
    var names: Set<String> = []
    for (index, item) in list.enumerated() {
      let layer = try layer(item, place: "layer \(index + 1) of '\(name)'", depth: depth)
      guard names.insert(layer.name).inserted else {
        throw PexError(.malformed, "model '\(name)' has two layers named '\(layer.name)'")
      }
      layers.append(layer)
    }
    let isSequential = settings["input_layers"] == nil
    let calls = CallReader(names: names)
    if !isSequential {
      for (index, item) in list.enumerated() {
        layers[index].calls = try naming("layer '\(layers[index].name)'") { try calls.calls(item["inbound_nodes"]) }
      }
    }
    return NetworkConfig(
      name: name, layers: layers, inputs: try isSequential ? [] : calls.references(settings["input_layers"]),
      outputs: try isSequential ? [] : calls.references(settings["output_layers"]), isSequential: isSequential,
      inputShape: settings["build_input_shape"] ?? settings["batch_input_shape"])
  }

  /// - Parameter place: for messages; of layers within others the innermost tells enough.
  private func layer(_ item: ConfigValue, place: String, depth: Int) throws -> LayerConfig {
    var (layer, config) = try naming(place) { try layerAlone(item) }
    if Self.isNetwork(config) {
      layer.network = try network(config, name: layer.name, depth: depth + 1)
    } else if let inner = config["layer"], inner["class_name"] != nil {
      guard depth < Self.depthLimit else { throw PexError(.malformed, "wrappers are nested too deep") }
      layer.inner = [try self.layer(named(inner), place: "the layer within '\(layer.name)'", depth: depth + 1)]
      if layer.className == "Bidirectional" { try addWayBack(config, to: &layer, depth: depth) }
    }
    return layer
  }

  /// The second layer of a wrapper that reads sequences both ways: its own one, or the first the other way round.
  private func addWayBack(_ config: ConfigValue, to layer: inout LayerConfig, depth: Int) throws {
    var back = layer.inner[0]
    if let own = config["backward_layer"], own["class_name"] != nil {
      back = try self.layer(named(own), place: "the layer within '\(layer.name)'", depth: depth + 1)
    } else {
      let isReversed = try back.settings.flag("go_backwards", default: false)
      back.settings = back.settings.setting("go_backwards", .bool(!isReversed))
    }
    (layer.inner[0].name, back.name) = ("forward", "backward")
    layer.inner.append(back)
  }

  /// A layer without the layers in it, and its settings.
  private func layerAlone(_ item: ConfigValue) throws -> (LayerConfig, ConfigValue) {
    guard let written = item["class_name"]?.text, let config = item["config"] else {
      throw PexError(.malformed, "expected 'class_name' and 'config', found \(item)")
    }
    // Registered classes are called `package>Class`.
    let parts = written.split(separator: ">", maxSplits: 1).map(String.init)
    var className = parts.last ?? written
    className = Self.aliases[className] ?? className
    let module = item["module"]?.text ?? ""
    let settings = version == 1 ? Keras1Settings.translated(&className, config.object ?? [:]) : config.object ?? [:]
    guard let name = item["name"]?.text ?? config["name"]?.text, !name.isEmpty else {
      throw PexError(.malformed, "\(className): the layer has no name")
    }
    // HDF5 files do not say where a class is from: layers tell whether training changes them, functions do not.
    let isOperation =
      version >= 3 && !Self.isNetwork(config) && className != "InputLayer"
      && (module.contains(".ops") || config["trainable"] == nil && config["dtype"] == nil
        || LayerTable.isFunctionAlone(className))
    let layer = LayerConfig(
      className: className, isOperation: isOperation,
      package: Self.package(written, item), name: name,
      settings: Settings(settings), isTrainable: config["trainable"]?.bool ?? true)
    return (layer, config)
  }

  /// Other names that Keras has, or had, for classes.
  private static let aliases: [String: String] = {
    var aliases = ["BatchNormalizationV1": "BatchNormalization", "BatchNormalizationV2": "BatchNormalization"]
    for axes in 1...3 {
      aliases["Convolution\(axes)D"] = "Conv\(axes)D"
      aliases["Convolution\(axes)DTranspose"] = "Conv\(axes)DTranspose"
      aliases["DepthwiseConvolution\(axes)D"] = "DepthwiseConv\(axes)D"
      aliases["SeparableConvolution\(axes)D"] = "SeparableConv\(axes)D"
      for (short, long) in [("Max", "Max"), ("Avg", "Average")] {
        aliases["\(short)Pool\(axes)D"] = "\(long)Pooling\(axes)D"
        aliases["Global\(short)Pool\(axes)D"] = "Global\(long)Pooling\(axes)D"
      }
    }
    return aliases
  }()

  /// Layers within wrappers have a name within their settings, if any.
  private func named(_ item: ConfigValue) -> ConfigValue {
    guard case .object(var members) = item, members["name"]?.text == nil else { return item }
    members["name"] = item["config"]?["name"] ?? .text("layer")
    return .object(members)
  }

  /// Where a class is from, as far as the file says: empty for Keras itself. A class of somebody else may have the name of
  /// one of Keras', and other mathematics.
  static func package(_ written: String, _ item: ConfigValue) -> String {
    for name in [written, item["registered_name"]?.text ?? ""] {
      let parts = name.split(separator: ">", maxSplits: 1).map(String.init)
      guard parts.count == 2, parts[0] != "keras", !parts[0].hasPrefix("keras.") else { continue }
      // Classes of `keras.applications` in Keras 2.
      return parts[0] == "Custom" && applicationClasses.contains(parts[1]) ? "" : parts[0]
    }
    // Archives name the module of every class.
    guard let module = item["module"], item["registered_name"] != nil else { return "" }
    let name = module.text ?? "custom"
    return ["keras", "tf_keras", "tensorflow"].contains { name == $0 || name.hasPrefix("\($0).") } ? "" : name
  }

  private static let applicationClasses: Set<String> = ["CustomScaleLayer", "LayerScale", "StochasticDepth"]
}
