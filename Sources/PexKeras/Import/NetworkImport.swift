import PexGraph
import PexTensor

/// One import: goes through a model's layers in the order in which they can be computed.
final class NetworkImport {
  private let file: ModelFile
  private let weights: [String: [HDF5Dataset]]
  private let options: ImportOptions
  private let builder = GraphBuilder()
  private var calls = 0
  /// What the user should know though the import succeeded.
  private(set) var warnings: [String] = []

  /// The version of Keras that wrote the model.
  private var version: Int { ModelFile.major(file.version) }

  /// Calls of layers; models that hold models twice grow fast.
  private static let callLimit = 1 << 16
  private static let outputLimit = 1 << 10

  /// An import of a model of which every layer is supported.
  init(_ file: ModelFile, _ options: ImportOptions) throws {
    self.file = file
    self.options = options
    weights = try file.weights.datasets(for: file.network)
  }

  /// The graph with inputs and outputs under their names in Keras.
  func run() throws -> Graph {
    let network = file.network
    let inputs = try ModelInputs(network, options).add(to: builder)
    let outputs = try run(network, inputs, path: "")
    guard outputs.count <= Self.outputLimit else {
      throw PexError(.unsupported, "\(outputs.count) outputs are more than \(Self.outputLimit)")
    }
    var taken: [String: Int] = [:]
    for (name, feature) in zip(outputNames(network), outputs) {
      let count = taken[name, default: 0]
      taken[name] = count + 1
      try builder.addOutput(feature, count == 0 ? name : "\(name)_\(count)")
    }
    return try builder.finish(options)
  }

  private func outputNames(_ network: NetworkConfig) -> [String] {
    network.isSequential ? network.layers.suffix(1).map(\.name) : network.outputs.map(\.layer)
  }

  /// What a network answers with when it is called with these tensors.
  private func run(_ network: NetworkConfig, _ inputs: [Feature], path: String) throws -> [Feature] {
    network.isSequential ? try sequence(network, inputs, path) : try connections(network, inputs, path)
  }

  private func sequence(_ network: NetworkConfig, _ inputs: [Feature], _ path: String) throws -> [Feature] {
    var features = inputs
    if let first = network.layers.first, first.className == "InputLayer", inputs.count == 1 {
      features = [try ModelInputs.conformed(inputs[0], to: first)]
    }
    for layer in network.layers where layer.className != "InputLayer" {
      features = try call(layer, features, LayerConfig.Call(arguments: [], keywords: [:]), [:], path)
    }
    return features
  }

  private func connections(_ network: NetworkConfig, _ inputs: [Feature], _ path: String) throws -> [Feature] {
    guard network.inputs.count == inputs.count else {
      throw PexError(
        .malformed, "model '\(network.name)' is called with \(inputs.count) tensors, expected \(network.inputs.count)")
    }
    let numbering = CallNumbering(network, version: version)
    var features: [LayerConfig.Reference: Feature] = [:]
    for (reference, feature) in zip(network.inputs, inputs) {
      let layer = network.layers.first { $0.name == reference.layer }
      let conformed = try layer.map { try ModelInputs.conformed(feature, to: $0) } ?? feature
      features[LayerConfig.Reference(layer: reference.layer, call: 0, output: 0)] = conformed
    }
    var waiting = network.layers.filter { $0.className != "InputLayer" }.flatMap { layer in
      layer.calls.enumerated().map { (layer: layer, index: $0.offset, call: $0.element) }
    }
    // The file's order is nearly always one that can be computed; what waits is tried again.
    while !waiting.isEmpty {
      var later: [(layer: LayerConfig, index: Int, call: LayerConfig.Call)] = []
      for item in waiting {
        let needed = item.call.references.map(numbering.argument)
        let found = needed.compactMap { features[$0] }
        guard found.count == needed.count else {
          later.append(item)
          continue
        }
        let known = Dictionary(zip(item.call.references, found)) { first, _ in first }
        let outputs = try call(item.layer, found, item.call, known, path)
        for (output, feature) in outputs.enumerated() {
          features[LayerConfig.Reference(layer: item.layer.name, call: item.index, output: output)] = feature
        }
      }
      guard later.count < waiting.count else { throw dangling(later[0], features, numbering) }
      waiting = later
    }
    return try network.outputs.map { reference in
      guard let feature = features[numbering.output(reference)] else {
        throw PexError(.malformed, "model '\(network.name)': output '\(reference.layer)' is computed by no layer")
      }
      return feature
    }
  }

  private func dangling(
    _ item: (layer: LayerConfig, index: Int, call: LayerConfig.Call), _ features: [LayerConfig.Reference: Feature],
    _ numbering: CallNumbering
  ) -> PexError {
    let missing = item.call.references.first { features[numbering.argument($0)] == nil }
    return PexError(
      .malformed,
      "layer '\(item.layer.name)' reads output \(missing?.output ?? 0) of call \(missing?.call ?? 0) of "
        + "'\(missing?.layer ?? "")', which is not there or depends on it")
  }

  private func call(
    _ layer: LayerConfig, _ inputs: [Feature], _ call: LayerConfig.Call, _ known: [LayerConfig.Reference: Feature],
    _ path: String
  ) throws -> [Feature] {
    calls += 1
    guard calls <= Self.callLimit else { throw PexError(.malformed, "more than \(Self.callLimit) layers are called") }
    let path = path + layer.name
    if let network = layer.network {
      try naming("model '\(path)'") {
        try ArgumentRules.check(call, trains: LayerTable.trains(layer, version: version))
      }
      warnOfTraining(layer, call, path)
      return try run(network, inputs, path: path + "/")
    }
    return try naming("layer '\(path)' (\(layer.className))") {
      builder.scope = path
      let outputs = try lower(layer, inputs, call, known, path)
      if outputs.count == 1 { try builder.name(outputs[0], path) }
      warnOfTraining(layer, call, path)
      return outputs
    }
  }

  /// Keras 3 keeps with a call that it trains, and follows it only where the model itself is not told.
  private func warnOfTraining(_ layer: LayerConfig, _ call: LayerConfig.Call, _ path: String) {
    guard version >= 3, call.keywords["training"] == .value(.bool(true)), LayerTable.saysWhenItTrains(layer) else {
      return
    }
    let warning =
      "layer '\(path)' is called with training=True, which is left out as Keras' predict() does; model(x) would follow it"
    if !warnings.contains(warning) { warnings.append(warning) }
  }

  private func lower(
    _ layer: LayerConfig, _ inputs: [Feature], _ call: LayerConfig.Call, _ known: [LayerConfig.Reference: Feature],
    _ path: String
  ) throws -> [Feature] {
    guard !inputs.isEmpty else { throw PexError(.malformed, "is called without a tensor") }
    let context = LayerContext(
      layer, inputs: inputs, call: call, features: known, weights: LayerWeights(weights[path] ?? []),
      builder: builder, version: version, backend: file.backend)
    if layer.className == "TimeDistributed", let inner = layer.inner.first {
      try ArgumentRules.check(call, trains: LayerTable.trains(layer, version: version))
      try ArgumentRules(inert: ["layer"]).finish(context)
      return [try eachStep(inner, inputs, path)]
    }
    if layer.className == "Bidirectional" { return try bothWays(layer, context, path) }
    return try LayerTable.lower(context)
  }

  /// The layers of a wrapper that reads a sequence both ways.
  private func bothWays(_ layer: LayerConfig, _ context: LayerContext, _ path: String) throws -> [Feature] {
    let none = LayerConfig.Call(arguments: [], keywords: [:])
    let sequence = try context.input()
    let ways = layer.inner.map { inner in
      LayerContext(
        inner, inputs: [sequence], call: none, weights: LayerWeights(weights["\(path)/\(inner.name)"] ?? []),
        builder: builder, version: version, backend: file.backend)
    }
    let outputs = try RecurrentLayers.bidirectional(context, ways)
    try ArgumentRules.check(context.call, trains: LayerTable.trains(layer, version: version))
    try RecurrentLayers.bidirectional.finish(context)
    for way in ways { try RecurrentLayers.arguments.finish(way) }
    return outputs
  }

  /// Steps of a sequence that a layer is applied to one by one.
  static let stepLimit = 256

  /// The layer applied to every step of axis 1, which is then put together again.
  private func eachStep(_ inner: LayerConfig, _ inputs: [Feature], _ path: String) throws -> Feature {
    guard inputs.count == 1, let feature = inputs.first, builder.extents(feature).count >= 3 else {
      throw PexError(.malformed, "expected one input [batch, steps, …]")
    }
    let whole = Feature(try builder.natural(feature))
    let extents = builder.extents(whole)
    guard (1...Self.stepLimit).contains(extents[1]) else {
      throw PexError(.unsupported, "\(extents[1]) steps are more than \(Self.stepLimit)")
    }
    let none = LayerConfig.Call(arguments: [], keywords: [:])
    var parts: [ValueID] = []
    for step in 0..<extents[1] {
      builder.scope = path
      let slice = StridedSlice(
        starts: [0, step] + extents.dropFirst(2).map { _ in 0 },
        dimensions: [.batch, 1] + extents.dropFirst(2).map(Dimension.fixed))
      let part = try builder.reshape(builder.emit(.slice(slice), [whole.value]), Array(extents.dropFirst(2)))
      let outputs = try call(inner, [Feature(part)], none, [:], path + "/")
      builder.scope = path
      guard let output = outputs.first, outputs.count == 1 else {
        throw PexError(.unsupported, "the layer within gives \(outputs.count) tensors, expected one")
      }
      let value = try builder.natural(output)
      parts.append(try builder.reshape(value, [1] + builder.type(value).perSample.dropFirst()))
    }
    return Feature(try parts.count == 1 ? parts[0] : builder.emit(.concat(Concat(axis: 1)), parts))
  }
}
