import PexGraph

extension Choice: ONNXExportable {
  func export(to node: NodeExport) throws {
    let truths = node.step("Cast", [node.inputs[0]], [.integer("to", 9)], suffix: "truths")
    node.write("Where", [truths] + node.inputs.dropFirst())
  }
}
