import PexGraph

extension Convolution: ONNXExportable {
  func export(to node: NodeExport) throws {
    let window = try window.attributes(over: node.inputTypes[0])
    node.write("Conv", nil, window + [.integer("group", groups)])
  }
}
