import PexGraph

extension Softmax: ONNXExportable {
  func export(to node: NodeExport) throws {
    node.write(logarithm ? "LogSoftmax" : "Softmax", nil, [.integer("axis", axis)])
  }
}
