import PexGraph

extension TransposedConvolution: ONNXExportable {
  func export(to node: NodeExport) throws {
    node.write(
      "ConvTranspose", nil,
      [
        .integers("kernel_shape", kernel), .integers("strides", strides), .integers("dilations", dilations),
        .integers("pads", before + after), .integers("output_padding", extra), .integer("group", groups),
      ])
  }
}
