import PexGraph

extension BatchNormalization: ONNXExportable {
  func export(to node: NodeExport) throws {
    node.write("BatchNormalization", nil, [.float("epsilon", epsilon)])
  }
}
