import CPexKernels
import PexHeads
import PexTensor

/// The convolutions of a branch in training: forward and backward of one sample after the other.
///
/// Maps lie channels last, and so do weights: `[3, 3, C, F]` of full layers, `[3, 3, C]` of depthwise, `[C, F]` of pointwise
/// ones. Gradients are checked against finite differences in a test, the forward pass against `Branch.map(tap:)`.
package struct BranchNetwork {
  package let specification: BranchSpecification
  /// The tensors of ``BranchSpecification/parameters``, in that order.
  package var weights: [[Float]]
  private let layers: [Layer]
  /// Weights with outputs and inputs exchanged, for layers whose input has a gradient; see ``prepareBackward()``.
  private var exchanged: [[Float]]
  private let kernels = pex_kernels_default().pointee

  private struct Layer {
    let kind: BranchLayer.Kind
    let stride: Int
    let input: (channels: Int, height: Int, width: Int)
    let output: (channels: Int, height: Int, width: Int)
    /// Where the weight and the bias stand among the tensors.
    let weight: Int
    let bias: Int?

    var places: Int { output.height * output.width }
    var inputCount: Int { input.channels * input.height * input.width }
    var outputCount: Int { output.channels * places }
    /// Numbers that a window sees, and so the rows of the weight's matrix.
    var depth: Int { (kind == .pointwise ? 1 : 9) * input.channels }
  }

  /// The network of a branch.
  package init(_ branch: Branch) {
    specification = branch.specification
    var (layers, weights) = ([Layer](), [[Float]]())
    for (index, (layer, tensors)) in zip(specification.layers, branch.tensors).enumerated() {
      let bias = tensors.bias?.floats
      layers.append(
        Layer(
          kind: layer.kind, stride: layer.stride, input: specification.input(of: index),
          output: specification.input(of: index + 1), weight: weights.count, bias: bias == nil ? nil : weights.count + 1
        ))
      weights.append(Self.transposed(tensors.weight.floats, rows: layer.channels, places: layer.kernel * layer.kernel))
      if let bias { weights.append(bias) }
    }
    (self.layers, self.weights) = (layers, weights)
    exchanged = layers.map { _ in [] }
  }

  /// The branch with the weights as they are now.
  /// - Throws: ``PexError`` (malformed) when a number is not finite.
  package func branch() throws -> Branch {
    var tensors: [[Float]] = weights
    for (layer, described) in zip(layers, specification.layers) {
      tensors[layer.weight] = Self.untransposed(
        weights[layer.weight], rows: described.channels, places: described.kernel * described.kernel)
    }
    return try Branch(
      specification, parameters: zip(specification.parameters, tensors).map { try Tensor($0.dimensions, $1) })
  }

  /// `[rows, C, places]` as `[places, C, rows]`.
  private static func transposed(_ weight: [Float], rows: Int, places: Int) -> [Float] {
    let channels = weight.count / max(rows * places, 1)
    var result = weight
    for index in weight.indices {
      let (row, channel, place) = (index / (channels * places), index / places % channels, index % places)
      result[(place * channels + channel) * rows + row] = weight[index]
    }
    return result
  }

  private static func untransposed(_ weight: [Float], rows: Int, places: Int) -> [Float] {
    let channels = weight.count / max(rows * places, 1)
    var result = weight
    for index in weight.indices {
      let (row, channel, place) = (index / (channels * places), index / places % channels, index % places)
      result[index] = weight[(place * channels + channel) * rows + row]
    }
    return result
  }

  /// Numbers of ``forward(_:scratch:)``'s record: the tap and every layer's result, one map behind the other.
  package var recordCount: Int { layers.reduce(layers[0].inputCount) { $0 + $1.outputCount } }
  /// Numbers of scratch.
  package var scratchCount: Int {
    let rows = layers.map { $0.kind == .full ? $0.places * $0.depth : 0 }.max() ?? 0
    return 2 * rows + 2 * (layers.map { max($0.inputCount, $0.outputCount) }.max() ?? 0)
  }

  /// Computes all maps.
  /// - Parameters:
  ///   - record: ``recordCount`` numbers; the first map is the tap, channels last.
  ///   - scratch: ``scratchCount`` numbers.
  package func forward(_ record: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>) {
    var input = record
    for layer in layers {
      let output = input + layer.inputCount
      if let bias = layer.bias {
        weights[bias].withUnsafeBufferPointer { bias in
          guard let from = bias.baseAddress else { return }
          for place in 0..<layer.places { (output + place * bias.count).update(from: from, count: bias.count) }
        }
      } else {
        output.update(repeating: 0, count: layer.outputCount)
      }
      weights[layer.weight].withUnsafeBufferPointer { weight in
        guard let weight = weight.baseAddress else { return }
        switch layer.kind {
        case .depthwise:
          kernels.add_window_products(
            layer.input.height, layer.input.width, layer.input.channels, layer.stride, input, weight, output)
        case .full, .pointwise:
          let rows = seen(by: layer, input, scratch)
          kernels.add_product(
            layer.places, layer.depth, layer.output.channels, rows, layer.depth, 1, weight, layer.output.channels,
            output, layer.output.channels)
        }
      }
      if layer.bias != nil { for index in 0..<layer.outputCount { output[index] = max(0, output[index]) } }
      input = output
    }
  }

  /// What the windows of a layer see, one row a place.
  private func seen(
    by layer: Layer, _ input: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    guard layer.kind == .full else { return UnsafePointer(input) }
    kernels.window_rows(layer.input.height, layer.input.width, layer.input.channels, layer.stride, input, scratch)
    return UnsafePointer(scratch)
  }

  /// Averages and then maxima of the last map's channels.
  package func pool(_ record: UnsafePointer<Float>, into features: UnsafeMutablePointer<Float>) {
    guard let last = layers.last else { return }
    let (map, channels) = (record + recordCount - last.outputCount, last.output.channels)
    let maxima = features + channels
    features.update(repeating: 0, count: channels)
    maxima.update(repeating: -.infinity, count: channels)
    for place in 0..<last.places {
      for channel in 0..<channels {
        let value = map[place * channels + channel]
        features[channel] += value
        maxima[channel] = max(maxima[channel], value)
      }
    }
    for channel in 0..<channels { features[channel] /= Float(last.places) }
  }

  /// Brings what the backward pass needs of the weights up to date: once a step.
  package mutating func prepareBackward() {
    for (index, layer) in layers.enumerated().dropFirst() where layer.kind != .depthwise {
      let (rows, columns) = (layer.depth, layer.output.channels)
      if exchanged[index].isEmpty { exchanged[index] = [Float](repeating: 0, count: rows * columns) }
      for row in 0..<rows {
        for column in 0..<columns {
          exchanged[index][column * rows + row] = weights[layer.weight][row * columns + column]
        }
      }
    }
  }

  /// Adds one sample's derivatives. The trunk is frozen, so none flows back into the tap.
  ///
  /// A maximum hands its gradient to the first of the largest numbers, as a subgradient.
  /// - Parameters:
  ///   - record: as ``forward(_:scratch:)`` left it.
  ///   - featureSlopes: the loss's derivatives with respect to the pooled features.
  ///   - gradients: one array a tensor.
  package func backward(
    _ record: UnsafeMutablePointer<Float>, featureSlopes: UnsafePointer<Float>, into gradients: inout [[Float]],
    scratch: UnsafeMutablePointer<Float>
  ) {
    guard let last = layers.last else { return }
    let most = layers.map { max($0.inputCount, $0.outputCount) }.max() ?? 0
    let mostRows = (scratchCount - 2 * most) / 2
    var (slopes, below) = (scratch + 2 * mostRows, scratch + 2 * mostRows + most)
    var output = record + recordCount - last.outputCount
    spread(featureSlopes, over: output, last, into: slopes)
    for (index, layer) in layers.enumerated().reversed() {
      let (input, channels) = (output - layer.inputCount, layer.output.channels)
      if let bias = layer.bias {
        for place in 0..<layer.outputCount where output[place] <= 0 { slopes[place] = 0 }
        gradients[bias].withUnsafeMutableBufferPointer { sums in
          for place in 0..<layer.places {
            for channel in 0..<channels { sums[channel] += slopes[place * channels + channel] }
          }
        }
      }
      if index > 0 { below.update(repeating: 0, count: layer.inputCount) }
      gradients[layer.weight].withUnsafeMutableBufferPointer { gradient in
        guard let gradient = gradient.baseAddress else { return }
        guard layer.kind != .depthwise else {
          weights[layer.weight].withUnsafeBufferPointer {
            kernels.add_window_gradients(
              layer.input.height, layer.input.width, layer.input.channels, layer.stride, input, $0.baseAddress, slopes,
              gradient, index > 0 ? below : nil)
          }
          return
        }
        kernels.add_product(
          layer.depth, layer.places, channels, seen(by: layer, input, scratch), 1, layer.depth, slopes, channels,
          gradient, channels)
      }
      if index > 0, layer.kind != .depthwise { descend(index, layer, slopes, into: below, rows: scratch + mostRows) }
      (slopes, below) = (below, slopes)
      output = input
    }
  }

  /// The gradient of a layer's input from that of its output.
  private func descend(
    _ index: Int, _ layer: Layer, _ slopes: UnsafePointer<Float>, into below: UnsafeMutablePointer<Float>,
    rows: UnsafeMutablePointer<Float>
  ) {
    exchanged[index].withUnsafeBufferPointer { weight in
      let target = layer.kind == .full ? rows : below
      if layer.kind == .full { rows.update(repeating: 0, count: layer.places * layer.depth) }
      kernels.add_product(
        layer.places, layer.output.channels, layer.depth, slopes, layer.output.channels, 1, weight.baseAddress,
        layer.depth, target, layer.depth)
    }
    guard layer.kind == .full else { return }
    kernels.add_window_rows(
      layer.input.height, layer.input.width, layer.input.channels, layer.stride, rows, below)
  }

  /// Back through pooling.
  private func spread(
    _ featureSlopes: UnsafePointer<Float>, over map: UnsafePointer<Float>, _ last: Layer,
    into slopes: UnsafeMutablePointer<Float>
  ) {
    let channels = last.output.channels
    for place in 0..<last.places {
      for channel in 0..<channels { slopes[place * channels + channel] = featureSlopes[channel] / Float(last.places) }
    }
    for channel in 0..<channels {
      var largest = 0
      for place in 0..<last.places where map[place * channels + channel] > map[largest * channels + channel] {
        largest = place
      }
      slopes[largest * channels + channel] += featureSlopes[channels + channel]
    }
  }
}
