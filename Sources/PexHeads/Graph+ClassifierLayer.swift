import PexGraph
import PexTensor

/// The last layer of a classifier that reads nothing but the averages of a map's channels.
public struct ClassifierLayer: Sendable {
  /// `[classes, channels]`, row-major.
  public let weight: [Float]
  /// One number a class.
  public let bias: [Float]
}

extension Graph {
  /// The layer between a map's average-pooled channels and the classifier's logits, where nothing else stands between them:
  /// a global average (pooling, a mean over the spatial axes, or a window as large as the map), then a fully connected layer
  /// or a 1x1 convolution, with what only changes shapes anywhere between.
  ///
  /// - Parameter tap: a feature map `[N, C, spatial…]`.
  /// - Returns: nil when the logits are computed otherwise, or of something else besides.
  public func classifierLayer(reading tap: ValueID) -> ClassifierLayer? {
    guard let classifier, classifier.kind != .none, let map = self[tap].type.tap else { return nil }
    var (value, layer): (ValueID, ClassifierLayer?) = (classifier.logits, nil)
    while value != tap {
      guard let node = producer(of: value), let input = node.inputs.first else { return nil }
      if let found = self.layer(of: node, channels: map.channels) {
        guard layer == nil else { return nil }
        layer = found
      } else if !node.operation.onlyReshapes {
        guard input == tap, averagesAll(node, spatial: map.spatial) else { return nil }
      }
      value = input
    }
    return layer
  }

  private func producer(of value: ValueID) -> Node? { nodes.last { $0.outputs.contains(value) } }

  /// Whether a node takes the average of every channel of the map that it reads.
  private func averagesAll(_ node: Node, spatial: [Int]) -> Bool {
    if case .globalPooling(let pooling) = node.operation { return pooling.kind == .average }
    if case .reduce(let reduce) = node.operation {
      return reduce.kind == .mean && reduce.axes == Array(2..<2 + spatial.count)
    }
    guard case .pooling(let pooling) = node.operation, let output = node.outputs.first else { return false }
    return pooling.kind == .average && pooling.window.kernel == spatial && !pooling.window.addsBorder
      && self[output].type.perSample.dropFirst(2).allSatisfy { $0 == 1 }
  }

  /// The numbers of a layer from `channels` averages to logits; nil when the node is no such layer.
  private func layer(of node: Node, channels: Int) -> ClassifierLayer? {
    guard node.operation.isLayer, node.inputs.count >= 2, let weight = self[node.inputs[1]].constant,
      self[node.inputs[0]].type.perSample.reduce(1, *) == channels
    else { return nil }
    if case .convolution(let convolution) = node.operation {
      guard convolution.groups == 1, convolution.window.kernel.allSatisfy({ $0 == 1 }), !convolution.window.addsBorder
      else { return nil }
    }
    let values = weight.floats
    guard channels > 0, values.count % channels == 0 else { return nil }
    let classes = values.count / channels
    let bias = node.inputs.count > 2 ? self[node.inputs[2]].constant?.floats : [Float](repeating: 0, count: classes)
    guard let bias, bias.count == classes else { return nil }
    return ClassifierLayer(weight: values, bias: bias)
  }
}

extension Operation {
  fileprivate var isLayer: Bool {
    if case .linear = self { return true }
    if case .convolution = self { return true }
    return false
  }

  fileprivate var onlyReshapes: Bool {
    if case .reshape = self { return true }
    return self == .identity(Identity())
  }
}

extension Window {
  /// Whether anything is added round the map.
  fileprivate var addsBorder: Bool {
    guard case .explicit(let before, let after) = padding else { return false }
    return (before + after).contains { $0 != 0 }
  }
}
