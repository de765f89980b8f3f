import PexGraph
import PexTensor

extension LocalResponseNormalization: ONNXExportable {
  /// onnxruntime takes four axes and an odd size only; a convolution over the channels takes any.
  func export(to node: NodeExport) throws {
    let type = node.inputTypes[0]
    if size % 2 == 1, type.rank == 4 {
      let numbers = [ExportAttribute.float("alpha", alpha), .float("beta", beta), .float("bias", bias)]
      return node.write("LRN", nil, [.integer("size", size)] + numbers)
    }
    let x = node.inputs[0]
    let square = node.step("Mul", [x, x], suffix: "square")
    let channels = type.perSample[1]
    let pixels = try Shape(Array(type.perSample.dropFirst(2))).count
    let planes = try node.reshaped(square, [type.dimensions[0], 1, .fixed(channels), .fixed(pixels)], suffix: "planes")
    let ones = try node.numbers(Tensor(repeating: 1, [1, 1, size, 1]), suffix: "ones")
    let window: [ExportAttribute] = [
      .integers("kernel_shape", [size, 1]), .integers("pads", [(size - 1) / 2, 0, size / 2, 0]),
    ]
    let sums = node.step("Conv", [planes, ones], window, suffix: "sums")
    let scaled = try node.product(sums, alpha / Double(size), suffix: "scaled")
    let shifted = try node.sum(scaled, bias, suffix: "shifted")
    let divisor = node.step("Pow", [shifted, try node.scalar(beta, suffix: "beta")], suffix: "powers")
    node.write("Div", [x, try node.reshaped(divisor, type.dimensions, suffix: "divisor")])
  }
}
