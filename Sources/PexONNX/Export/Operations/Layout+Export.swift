import PexGraph
import PexTensor

extension Concat: ONNXExportable {
  func export(to node: NodeExport) throws { node.write("Concat", nil, [.integer("axis", axis)]) }
}

extension Reshape: ONNXExportable {
  /// 0 takes the input's extent at that place over, which is how the batch, always in front, stays symbolic.
  func export(to node: NodeExport) throws {
    let hasBatch = dimensions.first == .batch
    guard !hasBatch || !dimensions.contains(0) else {
      throw PexError(.unsupported, "a batch of values without elements cannot be reshaped in ONNX")
    }
    let shape = try node.integers(dimensions.map { $0 == .batch ? 0 : $0.perSample }, suffix: "shape")
    node.write("Reshape", node.inputs + [shape], hasBatch ? [] : [.flag("allowzero", dimensions.contains(0))])
  }
}

extension Transpose: ONNXExportable {
  func export(to node: NodeExport) throws { node.write("Transpose", nil, [.integers("perm", permutation)]) }
}

extension Pad: ONNXExportable {
  func export(to node: NodeExport) throws {
    let pads = try node.integers(before + after, suffix: "pads")
    node.write("Pad", node.inputs + [pads, try node.scalar(value, suffix: "value")])
  }
}

extension Identity: ONNXExportable {
  func export(to node: NodeExport) throws { node.write("Identity") }
}
