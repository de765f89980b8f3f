import PexGraph
import PexTensor

/// One call of a layer: what it is called with, its settings and weights, and the graph it goes to.
final class LayerContext {
  let layer: LayerConfig
  /// The tensors it is called with, in order.
  let inputs: [Feature]
  /// Its settings; what is read of them is noted.
  let settings: Settings
  /// Which settings and other arguments were read.
  let trace = ArgumentTrace()
  /// How it is called.
  let call: LayerConfig.Call
  let builder: GraphBuilder
  /// The version of Keras that wrote the model: 1, 2 or 3.
  let version: Int
  /// The library that computed when the file was written.
  let backend: String
  private var weights: LayerWeights
  private var features: [LayerConfig.Reference: Feature]

  init(
    _ layer: LayerConfig, inputs: [Feature], call: LayerConfig.Call, features: [LayerConfig.Reference: Feature] = [:],
    weights: LayerWeights, builder: GraphBuilder, version: Int, backend: String
  ) {
    self.layer = layer
    settings = layer.settings.traced(by: trace)
    self.inputs = inputs
    self.call = call
    self.features = features
    self.weights = weights
    self.builder = builder
    self.version = version
    self.backend = backend
  }

  /// The only tensor.
  /// - Throws: ``PexError`` (malformed) when there is another number of them.
  func input() throws -> Feature {
    guard inputs.count == 1, let input = inputs.first else {
      throw PexError(.malformed, "expected one input, found \(inputs.count)")
    }
    return input
  }

  /// All tensors, when there is at least one.
  /// - Throws: ``PexError`` (malformed) when there is none.
  func tensors() throws -> [Feature] {
    guard !inputs.isEmpty else { throw PexError(.malformed, "expected tensors") }
    return inputs
  }

  /// The extents of a tensor in Keras' order, the batch as 1.
  func extents(_ feature: Feature) -> [Int] { builder.extents(feature) }

  /// The next array of weights, which must have this shape.
  func weight(_ name: String, _ shape: [Int]) throws -> Tensor { try weights.take(name, shape) }

  /// The next array of weights, of one of several shapes.
  func weight(_ name: String, _ misfit: ([Int]) -> String?) throws -> Tensor { try weights.take(name, misfit) }

  /// The tensor that an argument stands for; nil when it is something else.
  func feature(_ argument: LayerConfig.Argument?) -> Feature? {
    guard case .tensor(let reference) = argument else { return nil }
    return features[reference]
  }

  /// Whether channels stand last.
  /// - Throws: ``PexError`` (malformed) when the setting is neither.
  func isChannelsLast() throws -> Bool {
    let format = try settings.text("data_format", default: "channels_last")
    switch format {
    case "channels_last", "None": return true
    case "channels_first": return false
    default: throw settings.misfit("data_format", "channels_last or channels_first", .text(format))
    }
  }

  /// The input with its channels behind the batch, whichever way Keras has them, and the order of what is computed
  /// from it.
  /// - Parameter spatial: the number of spatial axes, which the class's name ends with.
  /// - Throws: ``PexError`` (malformed) when the input has others, or too long ones.
  func map(spatial: Int) throws -> (value: ValueID, order: Feature.Order) {
    let feature = try input()
    let rank = extents(feature).count
    guard rank == spatial + 2 else {
      throw PexError(.malformed, "expected an input of \(spatial + 2) axes, found \(rank)")
    }
    let order: Feature.Order = try isChannelsLast() ? .channelsFirst : .natural
    let value = try builder.ordered(feature, order)
    guard builder.type(value).perSample.allSatisfy({ (1...Self.extentLimit).contains($0) }) else {
      throw PexError(.malformed, "expected a map with extents of 1…\(Self.extentLimit), found \(builder.type(value))")
    }
    return (value, order)
  }

  /// The longest axis that layers compute with: products of two extents cannot overflow.
  static let extentLimit = 1 << 24

  /// An axis of the tensor as a number within its rank.
  /// - Throws: ``PexError`` (malformed) when there is no such axis.
  func axis(_ axis: Int, of rank: Int) throws -> Int {
    guard (-rank..<rank).contains(axis) else {
      throw PexError(.malformed, "there is no axis \(axis) of \(rank)")
    }
    return axis < 0 ? axis + rank : axis
  }
}
