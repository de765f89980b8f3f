import PexGraph
import PexTensor

extension Graph {
  /// Adds a branch's convolutions behind a tap.
  ///
  /// - Parameters:
  ///   - tap: a float map `[N, C, height, width]`.
  ///   - name: what the names of values and constants begin with.
  /// - Returns: the map that heads pool.
  /// - Throws: ``PexError`` (malformed) when the tap is another than the branch reads.
  public mutating func add(_ branch: Branch, on tap: ValueID, name: String) throws -> ValueID {
    var map = tap
    for (index, (layer, tensors)) in zip(branch.specification.layers, branch.tensors).enumerated() {
      let (place, reach) = ("\(name).\(index + 1)", layer.kernel / 2)
      let window = Window(
        kernel: [layer.kernel, layer.kernel], strides: [layer.stride, layer.stride],
        padding: .explicit(before: [reach, reach], after: [reach, reach]))
      var inputs = [map, try addConstant(freeName(place + ".weight"), tensors.weight)]
      if let bias = tensors.bias { inputs.append(try addConstant(freeName(place + ".bias"), bias)) }
      map = try addNode(
        .convolution(Convolution(window: window, groups: layer.kind == .depthwise ? layer.channels : 1)), inputs,
        output: freeName(place))
      guard layer.isActivated else { continue }
      map = try addNode(.unary(Unary(.relu)), [map], output: freeName(place + ".map"))
    }
    return map
  }
}
