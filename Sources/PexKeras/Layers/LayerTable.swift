import PexGraph
import PexTensor

/// Every layer that can be imported, by class, and every function of Keras that can stand among layers.
enum LayerTable {
  private static let layers: [String: LayerRow] = table(
    ActivationLayers.rows + ConvolutionLayers.rows + DenseLayers.rows + IdentityLayers.rows + MergeLayers.rows
      + NormalizationLayers.rows + PaddingLayers.rows + PoolingLayers.rows + PreprocessingLayers.rows
      + RecurrentLayers.rows + ResizingLayers.rows + ShapeLayers.rows)

  /// The classes of layers that can be imported, by name.
  static var summary: [SupportedLayer] {
    let networks = ["Functional", "InputLayer", "Sequential"].map { SupportedLayer(className: $0, limit: nil) }
    let wrappers = [
      SupportedLayer(className: "Bidirectional", limit: "of LSTM, GRU and SimpleRNN"),
      SupportedLayer(
        className: "TimeDistributed", limit: "up to \(NetworkImport.stepLimit) steps, each a part of the graph"),
    ]
    let rows = layers.values.map { SupportedLayer(className: $0.className, limit: $0.limit) }
    return (rows + networks + wrappers).sorted { $0.className < $1.className }
  }

  /// How many arrays of weights a layer has by itself, without those within it.
  static func weightCount(of layer: LayerConfig) throws -> WeightCount {
    guard !layer.isOperation, let row = layers[layer.className] else { return .none }
    return try row.weights(layer.settings)
  }

  /// Whether a class is the name of a function of Keras and of no layer.
  static func isFunctionAlone(_ className: String) -> Bool {
    layers[className] == nil && Operations.isFunction(className)
  }

  /// Adds one call of a layer to the graph.
  /// - Throws: ``PexError`` when its settings, weights or inputs do not fit each other, or a setting is not supported.
  static func lower(_ context: LayerContext) throws -> [Feature] {
    if let function = Operations.row(of: context.layer) {
      return try reading(function.numbers, context) {
        let features = try function.apply(OperationCall(context: context))
        try function.arguments.finish(context)
        return features
      }
    }
    guard let row = layers[context.layer.className] else {
      throw PexError(.unsupported, "is not supported")
    }
    return try reading(row.numbers, context) {
      var features = try row.lower(context)
      if row.activates {
        features[0] = try Activations.apply(context.settings.value("activation"), to: features[0], context)
      }
      try ArgumentRules.check(
        context.call, trains: trains(context.layer, version: context.version), context.trace)
      try row.arguments.finish(context)
      return features
    }
  }

  /// What a row makes of its tensors, when they hold numbers that it knows what to do with.
  private static func reading(
    _ reading: Numbers.Reading, _ context: LayerContext, _ lower: () throws -> [Feature]
  ) throws -> [Feature] {
    let numbers = Set(context.inputs.map(\.numbers))
    guard reading != .computed, numbers != [.real] else { return try lower() }
    guard reading == .kept, let kind = numbers.first, numbers.count == 1 else {
      let names = numbers.compactMap { kind -> String? in
        switch kind {
        case .real: nil
        case .whole(let name): name
        case .truth: "bool"
        }
      }
      throw PexError(
        .unsupported, "reads numbers of dtype \(names.sorted().joined(separator: ", ")), which is not supported",
        hint: "cast them to float32 in front of it")
    }
    return try lower().map { Feature($0.value, $0.order, kind) }
  }

  /// Whether a layer, or one within it, does something else for good when its call says that it trains. Since Keras 3 the
  /// model decides, whatever the call says.
  static func trains(_ layer: LayerConfig, version: Int) -> Bool {
    let inner = layer.inner + (layer.network?.layers ?? [])
    return version < 3
      && (!layer.isOperation && layers[layer.className]?.trains == true
        || inner.contains { trains($0, version: version) })
  }

  /// Whether a layer, or one within it, does something else while it is trained, and writes that it is only where somebody
  /// said so: layers of augmentation always write it.
  static func saysWhenItTrains(_ layer: LayerConfig) -> Bool {
    !layer.isOperation && layers[layer.className]?.trains == true && !IdentityLayers.augments(layer.className)
      || (layer.inner + (layer.network?.layers ?? [])).contains(where: saysWhenItTrains)
  }

  /// Which of a model's layers cannot be imported.
  static func unsupported(in network: NetworkConfig) -> UnsupportedReport {
    struct Kind: Hashable { var package, name: String }
    var found: [Kind: [String]] = [:]
    network.forEachLayer { layer, path in
      for kind in missing(layer) { found[Kind(package: kind.package, name: kind.name), default: []].append(path) }
    }
    let entries = found.sorted { ($0.key.package, $0.key.name) < ($1.key.package, $1.key.name) }.map {
      UnsupportedReport.Entry(domain: $0.key.package, op: $0.key.name, nodes: $0.value)
    }
    return UnsupportedReport(entries: entries, hint: hint(entries))
  }

  private static func missing(_ layer: LayerConfig) -> [(package: String, name: String)] {
    guard layer.network == nil, layer.className != "InputLayer" else { return [] }
    if !layer.package.isEmpty { return [(layer.package, layer.className)] }
    // Its weights are codes of a few bits.
    if layer.settings.value("dtype")?["class_name"]?.text?.contains("Quantized") == true {
      return [("", "quantised \(layer.className)")]
    }
    if let name = Operations.name(of: layer) {
      return Operations.row(of: layer) == nil ? [("", name)] : []
    }
    if wrappers.contains(layer.className) { return layer.inner.isEmpty ? [("", layer.className)] : [] }
    guard let row = layers[layer.className] else { return [(layer.package, layer.className)] }
    let activation = row.activates ? Activations.unknown(layer.settings.value("activation")) : nil
    return activation.map { [("", "activation '\($0)'")] } ?? []
  }

  /// Layers that hold others and call them in ways of their own.
  private static let wrappers: Set<String> = ["Bidirectional", "TimeDistributed"]

  private static func hint(_ entries: [UnsupportedReport.Entry]) -> String? {
    if entries.contains(where: { $0.op == "Lambda" }) {
      return "a Lambda layer holds Python code, which is never executed: write it with layers, or export to ONNX"
    }
    if entries.contains(where: { !$0.domain.isEmpty || isCustom($0.op) }) {
      return "custom layers hold Python code, which is never executed: write them with layers, or export to ONNX"
    }
    return entries.isEmpty ? nil : "export the model to ONNX, or write these layers with others"
  }

  private static func isCustom(_ name: String) -> Bool {
    !known.contains(name) && !["ops.", "tf.", "activation ", "quantised "].contains { name.hasPrefix($0) }
  }

  /// Layers of Keras itself that a CNN seldom has: no custom ones.
  private static let known: Set<String> = [
    "Attention", "AdditiveAttention", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "CuDNNGRU", "CuDNNLSTM", "Embedding",
    "MultiHeadAttention", "RNN",
    "Masking", "LocallyConnected1D", "LocallyConnected2D", "EinsumDense", "TextVectorization",
    "StringLookup", "IntegerLookup", "Hashing", "CategoryEncoding", "Discretization", "SpectralNormalization",
  ]

  private static func table(_ rows: [LayerRow]) -> [String: LayerRow] {
    Dictionary(rows.map { ($0.className, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
