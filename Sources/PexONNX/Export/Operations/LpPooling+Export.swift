import PexGraph
import PexTensor

extension LpPooling: ONNXExportable {
  /// `LpPool` of opset 17 has neither dilations nor broken exponents and never rounds up; roots of sums of powers do.
  func export(to node: NodeExport) throws {
    let axes = try window.axes(over: node.inputTypes[0])
    let isPlain = !window.roundsUp && axes.allSatisfy { $0.dilation == 1 && max($0.before, $0.after) < $0.kernel }
    if isPlain, let p = Int(exactly: exponent) {
      let attributes = try window.attributes(over: node.inputTypes[0]).filter { $0.name != "dilations" }
      return node.write("LpPool", nil, attributes + [.integer("p", p)])
    }
    let magnitudes = node.step("Abs", node.inputs, suffix: "magnitudes")
    let power = try node.scalar(exponent, suffix: "exponent")
    let powers = node.step("Pow", [magnitudes, power], suffix: "powers")
    let root = try node.scalar(1 / exponent, suffix: "root")
    node.write("Pow", [try node.sums(window, of: powers), root])
  }
}
