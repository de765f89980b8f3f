import PexGraph

extension Standardization: ONNXExportable {
  /// `LayerNormalization` would want a scale for every element.
  func export(to node: NodeExport) throws {
    let axes = ExportAttribute.integers("axes", Array(axis..<node.inputTypes[0].rank))
    let mean = node.step("ReduceMean", node.inputs, [axes], suffix: "mean")
    let centred = node.step("Sub", node.inputs + [mean], suffix: "centred")
    let squares = node.step("Mul", [centred, centred], suffix: "squares")
    let variance = node.step("ReduceMean", [squares], [axes], suffix: "variance")
    let shifted = try node.sum(variance, epsilon, suffix: "shifted")
    node.write("Div", [centred, node.step("Sqrt", [shifted], suffix: "deviation")])
  }
}
