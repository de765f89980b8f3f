import PexTensor

/// What becomes of arguments that the code of a layer or function does not read. Nothing is left out in silence: an
/// argument is read, known to have no influence, at its default, or refused by name.
struct ArgumentRules: Sendable {
  /// Arguments without influence on what is computed, besides those of every layer.
  var inert: Set<String> = []
  /// Arguments that are supported at one value alone: Keras' default.
  var fixed: [String: ConfigValue] = [:]
  /// Whether none has influence: layers that do nothing when a model answers.
  var areInert = false

  /// Arguments of any layer that say how it is trained, called or stored.
  private static let ofEveryLayer: Set<String> = [
    "trainable", "autocast", "dynamic", "seed", "batch_shape", "batch_input_shape", "input_shape",
    "input_dim", "input_length", "input_dtype", "lora_rank", "lora_alpha", "weights",
    // Keras 1.
    "init", "create_input_layer", "cache_enabled",
  ]
  /// How weights are made and kept in bounds while a model is trained.
  private static let endings = ["_initializer", "_regularizer", "_constraint", "_init"]

  /// Refuses what is left over once a layer has been lowered.
  /// - Throws: ``PexError`` (unsupported) naming an argument that nothing has read.
  func finish(_ context: LayerContext) throws {
    let (layer, trace) = (context.layer, context.trace)
    let isFunction = Operations.name(of: layer) != nil
    if !trace.has("dtype") { try Self.checkType(layer.settings.value("dtype")) }
    // Settings of TensorFlow's functions are those of the layer that holds them.
    let settings = isFunction && !layer.isOperation ? [] : layer.settings.names
    for name in settings where !areInert && name != "name" && name != "dtype" {
      guard let value = layer.settings.value(name), !isKnown(name, value, trace) else { continue }
      guard !isFunction, Self.isOfEveryLayer(name) else { throw Self.refusal(name, "\(value)") }
    }
    if isFunction { try finishCall(context.call, trace) }
  }

  private static func isOfEveryLayer(_ name: String) -> Bool {
    ofEveryLayer.contains(name) || endings.contains(where: name.hasSuffix)
  }

  private func isKnown(_ name: String, _ value: ConfigValue, _ trace: ArgumentTrace) -> Bool {
    trace.has(name) || inert.contains(name) || fixed[name] == value
  }

  /// Refuses what a function was called with and has not read.
  private func finishCall(_ call: LayerConfig.Call, _ trace: ArgumentTrace) throws {
    let positions = call.arguments.enumerated().map { (ArgumentTrace.position($0.offset), $0.element) }
    let keywords = call.keywords.sorted { $0.key < $1.key }.filter { $0.key != "name" }.map { ($0.key, $0.value) }
    for (name, argument) in positions + keywords {
      switch argument {
      case .value(.null): continue
      case .value(let value):
        guard isKnown(name, value, trace) else { throw Self.refusal(name, "\(value)") }
      case .tensor, .list:
        guard trace.has(name) else { throw Self.refusal(name, "a tensor") }
      }
    }
  }

  /// Refuses what a layer is called with besides tensors: whether it trains, masks, and what its own code has not read.
  /// - Parameter trains: whether the layer does something else while it is trained, and does so whenever its call says it.
  static func check(_ call: LayerConfig.Call, trains: Bool, _ trace: ArgumentTrace? = nil) throws {
    for (index, argument) in call.arguments.enumerated() {
      switch argument {
      case .value(let value):
        guard isOff(value) else { throw refusal(ArgumentTrace.position(index), "\(value)") }
      case .list(let items):
        let number = items.first { if case .value = $0 { true } else { false } }
        if case .value(let value) = number { throw refusal("inputs", "\(value) among the tensors") }
      case .tensor: continue
      }
    }
    for (name, argument) in call.keywords.sorted(by: { $0.key < $1.key }) where trace?.has(name) != true {
      switch argument {
      case .value(let value):
        guard isOff(value) || name == "training" && !trains else { throw refusal(name, "\(value)") }
      case .tensor, .list:
        guard tensors.contains(name), call.arguments.isEmpty else { throw refusal(name, "a tensor") }
      }
    }
  }

  /// Whether a value stands for nothing: null, false, 0, or a list of these.
  private static func isOff(_ value: ConfigValue) -> Bool {
    value.isNull || value.bool == false || value.number == 0 || value.list?.allSatisfy(isOff) == true
  }

  /// What Keras calls the tensors that a layer is called with.
  private static let tensors: Set<String> = ["inputs", "input", "x", "sequences", "sequence", "data", "images"]

  /// Refuses types in which numbers are whole: a run computes in f32.
  static func checkType(_ value: ConfigValue?) throws {
    guard let value, Numbers(type: value) != .real else { return }
    throw refusal("dtype", Numbers.typeName(value) ?? "\(value)")
  }

  static func refusal(_ name: String, _ value: String) -> PexError {
    PexError(
      .unsupported, "argument '\(name)' = \(value) is not supported",
      hint: "leave the argument at its default, write the layer with others, or export the model to ONNX")
  }
}
