import PexGraph

extension Linear: ONNXExportable {
  func export(to node: NodeExport) throws { node.write("Gemm", nil, [.flag("transB", true)]) }
}
