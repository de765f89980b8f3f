import PexGraph

extension Reduce: ONNXExportable {
  /// At opset 17 the axes of sums are an input, those of the others still an attribute.
  func export(to node: NodeExport) throws {
    let keeps = ExportAttribute.flag("keepdims", keepsAxes)
    let axes = ExportAttribute.integers("axes", axes)
    switch kind {
    case .sum: node.write("ReduceSum", node.inputs + [try node.integers(self.axes, suffix: "axes")], [keeps])
    case .mean: node.write("ReduceMean", nil, [axes, keeps])
    case .maximum: node.write("ReduceMax", nil, [axes, keeps])
    case .minimum: node.write("ReduceMin", nil, [axes, keeps])
    case .product: node.write("ReduceProd", nil, [axes, keeps])
    case .norm: node.write("ReduceL2", nil, [axes, keeps])
    }
  }
}
