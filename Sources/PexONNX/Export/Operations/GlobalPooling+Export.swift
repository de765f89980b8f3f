import PexGraph

extension GlobalPooling: ONNXExportable {
  func export(to node: NodeExport) throws {
    switch kind {
    case .maximum: node.write("GlobalMaxPool")
    case .average: node.write("GlobalAveragePool")
    }
  }
}
