import PexTensor

/// One layer of a network, with where it is called.
struct LayerConfig: Sendable {
  /// The class's name, without a package; of Keras 1, what it is called since Keras 2.
  var className: String
  /// Whether the node stands for a function of Keras (`keras.ops`) rather than a layer.
  var isOperation: Bool
  /// The package it was registered under or is from, for messages; empty for Keras itself.
  var package: String
  /// The name within its network.
  var name: String
  var settings: Settings
  /// Whether training changes it: weights stand in another order in the file when it does not.
  var isTrainable: Bool
  /// Where it is applied, in a network of named connections; one call for one output.
  var calls: [Call] = []
  /// The network that it is, when models are nested.
  var network: NetworkConfig?
  /// The layer that it applies, when it is a wrapper.
  var inner: [LayerConfig] = []

  /// One application of a layer.
  struct Call: Sendable {
    var arguments: [Argument]
    var keywords: [String: Argument]

    /// Every tensor that the call reads, in order.
    var references: [Reference] {
      arguments.flatMap(\.references) + keywords.sorted { $0.key < $1.key }.flatMap(\.value.references)
    }
  }

  /// What a layer is called with.
  indirect enum Argument: Hashable, Sendable {
    case tensor(Reference)
    case list([Argument])
    case value(ConfigValue)

    var references: [Reference] {
      switch self {
      case .tensor(let reference): [reference]
      case .list(let list): list.flatMap(\.references)
      case .value: []
      }
    }
  }

  /// One output of one call of a layer.
  struct Reference: Hashable, Sendable {
    var layer: String
    var call: Int
    var output: Int
  }
}
