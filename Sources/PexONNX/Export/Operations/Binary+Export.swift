import PexGraph

extension Binary: ONNXExportable {
  func export(to node: NodeExport) throws {
    switch kind {
    case .add: node.write("Add")
    case .subtract: node.write("Sub")
    case .multiply: node.write("Mul")
    case .divide: node.write("Div")
    case .minimum: node.write("Min")
    case .maximum: node.write("Max")
    case .power: node.write("Pow")
    case .less: exportComparison("Less", to: node)
    case .equal: exportComparison("Equal", to: node)
    case .lessOrEqual: exportComparison("LessOrEqual", to: node)
    case .parametricRelu: try exportParametricRelu(to: node)
    }
  }

  /// Truth values are numbers in the graph.
  private func exportComparison(_ op: String, to node: NodeExport) {
    node.write("Cast", [node.step(op, node.inputs, suffix: "truths")], [.integer("to", 1)])
  }

  /// `PRelu` takes slopes that broadcast to its input only; where both have to grow, the two halves are added.
  private func exportParametricRelu(to node: NodeExport) throws {
    guard node.inputTypes[0].dimensions != node.outputTypes[0].dimensions else { return node.write("PRelu") }
    let (x, slope, zero) = (node.inputs[0], node.inputs[1], try node.scalar(0, suffix: "zero"))
    let negative = node.step("Min", [x, zero], suffix: "negative")
    let scaled = node.step("Mul", [negative, slope], suffix: "scaled")
    node.write("Add", [node.step("Relu", [x], suffix: "positive"), scaled])
  }
}
