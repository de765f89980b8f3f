/// A model's architecture.
final class NetworkConfig: Sendable {
  let name: String
  /// The layers, as the file lists them: weights stand in this order.
  let layers: [LayerConfig]
  /// What the network is called with, in order; empty when layers simply follow each other.
  let inputs: [LayerConfig.Reference]
  /// What it answers with, in order; empty when layers simply follow each other.
  let outputs: [LayerConfig.Reference]
  /// Whether layers simply follow each other (`Sequential`).
  let isSequential: Bool
  /// The input's shape when the first layer does not say it, batch in front.
  let inputShape: ConfigValue?

  init(
    name: String, layers: [LayerConfig], inputs: [LayerConfig.Reference], outputs: [LayerConfig.Reference],
    isSequential: Bool, inputShape: ConfigValue?
  ) {
    self.name = name
    self.layers = layers
    self.inputs = inputs
    self.outputs = outputs
    self.isSequential = isSequential
    self.inputShape = inputShape
  }

  /// Calls `body` for every layer, those of nested networks and within wrappers too, with its path.
  func forEachLayer(in path: String = "", _ body: (LayerConfig, String) -> Void) {
    func visit(_ layer: LayerConfig, _ path: String) {
      body(layer, path)
      for inner in layer.inner { visit(inner, "\(path)/\(inner.name)") }
      layer.network?.forEachLayer(in: path + "/", body)
    }
    for layer in layers { visit(layer, path + layer.name) }
  }
}
