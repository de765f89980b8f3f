import PexGraph
import PexTensor

/// The inputs of a model, with extents that the file leaves open taken from the user.
struct ModelInputs {
  private let network: NetworkConfig
  private let options: ImportOptions
  /// Whether some layer has channels first, and whether some layer works along one axis.
  private let hasChannelsFirst, isOneDimensional: Bool

  init(_ network: NetworkConfig, _ options: ImportOptions) {
    self.network = network
    self.options = options
    var (hasChannelsFirst, isOneDimensional) = (false, false)
    network.forEachLayer { layer, _ in
      if layer.settings.value("data_format")?.text == "channels_first" { hasChannelsFirst = true }
      if layer.className.hasSuffix("1D") { isOneDimensional = true }
    }
    (self.hasChannelsFirst, self.isOneDimensional) = (hasChannelsFirst, isOneDimensional)
  }

  /// Adds the inputs to the graph.
  /// - Throws: ``PexError``: (usage) when an extent is open and the user does not give it, or there is no such input;
  ///   (malformed) when a shape is none.
  func add(to builder: GraphBuilder) throws -> [Feature] {
    let found = try inputs()
    guard !found.isEmpty else { throw PexError(.malformed, "the model has no input") }
    for name in options.inputShapes.keys where !found.contains(where: { Self.isSame(name, $0.name) }) {
      let names = found.map(\.name).joined(separator: ", ")
      throw PexError(.usage, "there is no input '\(name)'", hint: "the inputs are \(names)")
    }
    return try found.map { input in
      let extents = try naming("input '\(input.name)'") {
        let extents = try self.extents(input.shape, input.name)
        guard !extents.isEmpty, extents.allSatisfy({ (1...LayerContext.extentLimit).contains($0) }) else {
          throw PexError(
            .malformed, "expected a batch of samples with extents of 1…\(LayerContext.extentLimit), found \(extents)")
        }
        return extents
      }
      var feature = try builder.addInput(input.name, extents, isChannelsLast: isChannelsLast(extents))
      feature.numbers =
        try input.layer.map { layer in try naming("input '\(input.name)'") { try Self.numbers(layer) } } ?? .real
      return feature
    }
  }

  /// What numbers an input layer takes.
  /// - Throws: ``PexError`` (unsupported) when they are none, or it takes sparse or ragged tensors.
  private static func numbers(_ layer: LayerConfig) throws -> Numbers {
    for name in ["sparse", "ragged"] where try layer.settings.flag(name, default: false) {
      throw ArgumentRules.refusal(name, "true")
    }
    guard let type = layer.settings.value("dtype") else { return .real }
    guard let numbers = Numbers(type: type) else {
      throw ArgumentRules.refusal("dtype", Numbers.typeName(type) ?? "\(type)")
    }
    return numbers
  }

  /// A tensor as an input layer hands it on, which casts what it is called with.
  /// - Throws: ``PexError`` (unsupported) when that cuts off fractions.
  static func conformed(_ feature: Feature, to layer: LayerConfig) throws -> Feature {
    guard layer.className == "InputLayer" else { return feature }
    let numbers = try naming("layer '\(layer.name)' (InputLayer)") { try Self.numbers(layer) }
    guard feature.numbers != numbers else { return feature }
    guard numbers == .real || feature.numbers == .truth else {
      throw ArgumentRules.refusal("dtype", layer.settings.value("dtype").flatMap(Numbers.typeName) ?? "?")
        .at("layer '\(layer.name)' (InputLayer)")
    }
    return Feature(feature.value, feature.order, numbers)
  }

  private func inputs() throws -> [(name: String, shape: [Int?]?, layer: LayerConfig?)] { try Self.inputs(network) }

  /// The inputs that a network has, with their shapes in Keras' order: nil for what is open.
  static func declared(_ network: NetworkConfig) throws -> [(name: String, shape: [Int?]?)] {
    try inputs(network).map { ($0.name, $0.shape) }
  }

  private static func inputs(
    _ network: NetworkConfig
  ) throws -> [(name: String, shape: [Int?]?, layer: LayerConfig?)] {
    guard network.isSequential else {
      return try network.inputs.map { reference in
        guard let layer = network.layers.first(where: { $0.name == reference.layer }) else {
          throw PexError(.malformed, "there is no input layer '\(reference.layer)'")
        }
        return (layer.name, try Self.shape(of: layer), layer.className == "InputLayer" ? layer : nil)
      }
    }
    guard let first = network.layers.first else { return [] }
    let written = try Self.shape(of: first) ?? Self.innermost(first).flatMap { try Self.shape(of: $0) }
    let shape = try written ?? network.inputShape.map(Self.shape)
    let isInput = first.className == "InputLayer"
    return [(isInput ? first.name : "\(first.name)_input", shape, isInput ? first : nil)]
  }

  /// The layer whose input is a nested model's.
  private static func innermost(_ layer: LayerConfig) -> LayerConfig? {
    guard let network = layer.network else { return nil }
    let inner =
      network.isSequential
      ? network.layers.first : network.inputs.first.flatMap { input in network.layers.first { $0.name == input.layer } }
    return inner.flatMap { innermost($0) ?? $0 }
  }

  private static func shape(of layer: LayerConfig) throws -> [Int?]? {
    try (layer.settings.value("batch_shape") ?? layer.settings.value("batch_input_shape")).map(shape)
  }

  private static func shape(_ value: ConfigValue) throws -> [Int?] {
    guard let list = value.list, (1...8).contains(list.count), list.allSatisfy({ $0.isNull || $0.integer != nil })
    else {
      throw PexError(.malformed, "expected an input's shape, found \(value)")
    }
    return list.map(\.integer)
  }

  /// Keras also calls inputs by their tensors, `input_1:0`.
  private static func isSame(_ given: String, _ name: String) -> Bool { given == name || given == "\(name):0" }

  /// The extents of one sample.
  private func extents(_ shape: [Int?]?, _ name: String) throws -> [Int] {
    let given = options.inputShapes.first { Self.isSame($0.key, name) }?.value
    guard let shape else {
      guard let given else { throw open(name, "") }
      return Array(given.dropFirst())
    }
    let open = Array(shape.dropFirst())
    guard let given else {
      let known = open.compactMap { $0 }
      guard known.count == open.count else {
        throw self.open(name, open.map { $0.map(String.init) ?? "224" }.joined(separator: "x"))
      }
      return try Shape(known).dimensions
    }
    let extents = given.count == shape.count ? Array(given.dropFirst()) : given
    guard extents.count == open.count, zip(extents, open).allSatisfy({ $1 == nil || $0 == $1 }) else {
      throw PexError(
        .usage, "the shape given for input '\(name)' does not fit \(open.map { $0.map(String.init) ?? "?" })")
    }
    return extents
  }

  private func open(_ name: String, _ example: String) -> PexError {
    PexError(
      .usage, "the file leaves its extents open",
      hint: "give them in the model's order: --input \(name):1x\(example.isEmpty ? "224x224x3" : example)")
  }

  /// Whether the graph takes an input channels first. A wrong guess costs a transposition, no more.
  private func isChannelsLast(_ extents: [Int]) -> Bool {
    !hasChannelsFirst && (extents.count >= 3 || extents.count == 2 && isOneDimensional)
  }
}
