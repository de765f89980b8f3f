import PexTensor

/// What a branch looks like without its numbers: convolutions between a tap and what a head pools.
///
/// A branch is trained once, with the base heads, and frozen for people as the trunk is: what it computes of a sample is
/// one more row of features that personal heads learn on.
public struct BranchSpecification: Hashable, Sendable {
  /// The most layers that a branch may have.
  public static let mostLayers = 16

  /// Channels of the tap.
  public let channels: Int
  /// Height and width of the tap.
  public let spatial: [Int]
  /// The convolutions in the order in which they run, one or more.
  public let layers: [BranchLayer]

  /// A branch on a tap `[N, channels, height, width]`.
  /// - Throws: ``PexError``: (malformed) when a number is out of range or a depthwise layer has other channels than what it
  ///   reads, (unsupported) when the tap has not two spatial axes.
  public init(channels: Int, spatial: [Int], layers: [BranchLayer]) throws {
    let range = 1...HeadSpecification.limit
    guard spatial.count == 2 else {
      throw PexError(.unsupported, "a branch needs a tap with two spatial axes, found \(spatial.count)")
    }
    guard range.contains(channels), spatial.allSatisfy(range.contains), (1...Self.mostLayers).contains(layers.count)
    else {
      throw PexError(
        .malformed, "a branch of \(layers.count) layers does not fit a tap of \(channels) channels over \(spatial)")
    }
    self.channels = channels
    self.spatial = spatial
    self.layers = layers
    for (index, layer) in layers.enumerated() {
      let input = self.input(of: index)
      guard range.contains(layer.channels),
        layer.kind == .pointwise ? layer.stride == 1 : (1...2).contains(layer.stride),
        layer.kind != .depthwise || layer.channels == input.channels
      else {
        throw PexError(
          .malformed,
          "layer \(index + 1) of a branch: \(layer.kind.rawValue) with \(layer.channels) channels and stride "
            + "\(layer.stride) does not fit \(input.channels) channels")
      }
      // The work and the memory must be countable, too: these are more than any product computed from these numbers.
      _ = try Shape([9, layer.channels, input.channels, input.height, input.width]).byteCount(.float32)
    }
  }

  /// What a layer reads; `index` may be the number of layers, for what the last one gives.
  public func input(of index: Int) -> (channels: Int, height: Int, width: Int) {
    layers.prefix(index).reduce((channels, spatial[0], spatial[1])) { map, layer in
      (layer.channels, (map.1 + layer.stride - 1) / layer.stride, (map.2 + layer.stride - 1) / layer.stride)
    }
  }

  /// The map that is pooled.
  public var output: (channels: Int, height: Int, width: Int) { input(of: layers.count) }

  /// The learned tensors, in the order in which files hold them: of each layer `branch.I.weight`, `[channels, C, K, K]`
  /// where C is 1 for depthwise layers, and, where a bias follows, `branch.I.bias [channels]`, I from 1.
  public var parameters: [HeadSpecification.Parameter] {
    layers.enumerated().flatMap { index, layer in
      let depth = layer.kind == .depthwise ? 1 : input(of: index).channels
      let weight = HeadSpecification.Parameter(
        name: "branch.\(index + 1).weight", dimensions: [layer.channels, depth, layer.kernel, layer.kernel])
      guard layer.isActivated else { return [weight] }
      return [weight, .init(name: "branch.\(index + 1).bias", dimensions: [layer.channels])]
    }
  }

  /// Multiply-accumulates for one sample.
  public var multiplyAccumulates: Int {
    layers.indices.reduce(0) { sum, index in
      let (layer, map) = (layers[index], input(of: index + 1))
      let depth = layer.kind == .depthwise ? 1 : input(of: index).channels
      return sum + layer.kernel * layer.kernel * depth * layer.channels * map.height * map.width
    }
  }
}
