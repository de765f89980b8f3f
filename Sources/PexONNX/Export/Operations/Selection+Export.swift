import PexGraph

extension StridedSlice: ONNXExportable {
  func export(to node: NodeExport) throws {
    let axes = dimensions.indices.filter { dimensions[$0] != node.inputTypes[0].dimensions[$0] || steps[$0] != 1 }
    guard !axes.isEmpty else { return node.write("Identity") }
    let ends = axes.map { axis in
      let end = starts[axis] + dimensions[axis].perSample * steps[axis]
      // Going backwards past the front: a negative end would count from the back.
      return end < 0 ? Int(Int32.min) : end
    }
    let lists = try [
      ("starts", axes.map { starts[$0] }), ("ends", ends), ("axes", axes), ("steps", axes.map { steps[$0] }),
    ]
    .map { try node.integers($0.1, suffix: $0.0) }
    node.write("Slice", node.inputs + lists)
  }
}

extension Gather: ONNXExportable {
  func export(to node: NodeExport) throws {
    node.write("Gather", node.inputs + [try node.integers(indices, suffix: "indices")], [.integer("axis", axis)])
  }
}

extension Tile: ONNXExportable {
  func export(to node: NodeExport) throws {
    node.write("Tile", node.inputs + [try node.integers(repeats, suffix: "repeats")])
  }
}

extension ArgMax: ONNXExportable {
  func export(to node: NodeExport) throws {
    node.write(
      "ArgMax", nil,
      [.integer("axis", axis), .flag("keepdims", keepsAxis), .flag("select_last_index", takesLast)])
  }
}
