import PexGraph

extension MatrixProduct: ONNXExportable {
  func export(to node: NodeExport) throws { node.write("MatMul") }
}
