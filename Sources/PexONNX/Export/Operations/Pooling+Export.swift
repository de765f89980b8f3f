import PexGraph
import PexTensor

extension Pooling: ONNXExportable {
  func export(to node: NodeExport) throws {
    let isDilated = window.dilations.contains { $0 != 1 }
    let attributes = try window.attributes(over: node.inputTypes[0]) + [.flag("ceil_mode", window.roundsUp)]
    switch kind {
    case .maximum: node.write("MaxPool", nil, attributes)
    case .average where isDilated: try exportDilatedAverage(to: node)
    case .average:
      // Without dilations the attribute may not even be there.
      let plain = attributes.filter { $0.name != "dilations" }
      node.write("AveragePool", nil, plain + [.flag("count_include_pad", countsPadding)])
    }
  }

  /// `AveragePool` has dilations from opset 19 on only. Before, a depthwise convolution sums, and every position is
  /// multiplied by one over the number of elements that count there.
  private func exportDilatedAverage(to node: NodeExport) throws {
    let axes = try window.axes(over: node.inputTypes[0])
    let sums = try node.sums(window, of: node.inputs[0])
    node.write("Mul", [sums, try node.numbers(try shares(axes), suffix: "shares")])
  }

  /// One over the number of elements that count, for every position of a map.
  private func shares(_ axes: [Window.Axis]) throws -> Tensor {
    let counts = axes.map { axis in
      (0..<axis.output).map { position in
        (0..<axis.kernel).count { element in
          let place = position * axis.stride + element * axis.dilation - axis.before
          return countsPadding ? place < axis.input + axis.after : (0..<axis.input).contains(place)
        }
      }
    }
    let products = counts.reduce([1]) { products, axis in products.flatMap { product in axis.map { product * $0 } } }
    return try Tensor([1, 1] + axes.map(\.output), products.map { Float(1 / Double(max($0, 1))) })
  }
}
