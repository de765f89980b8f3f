import PexGraph
import PexTensor

extension Window {
  /// The attributes that describe the window over a map, but for `ceil_mode`.
  ///
  /// "Same" padding stays symbolic where every runtime understands it; with dilations onnxruntime does not, and where
  /// positions are rounded up nobody agrees, so there it becomes numbers.
  func attributes(over input: ValueType) throws -> [ExportAttribute] {
    let axes = try axes(over: input)
    var attributes: [ExportAttribute] = [
      .integers("kernel_shape", kernel), .integers("strides", strides), .integers("dilations", dilations),
    ]
    let isPlain = !roundsUp && dilations.allSatisfy { $0 == 1 }
    switch padding {
    case .sameUpper where isPlain: attributes.append(.string("auto_pad", "SAME_UPPER"))
    case .sameLower where isPlain: attributes.append(.string("auto_pad", "SAME_LOWER"))
    case .valid: attributes.append(.string("auto_pad", "VALID"))
    case .explicit, .sameUpper, .sameLower:
      attributes.append(.integers("pads", axes.map(\.before) + axes.map(\.after)))
    }
    return attributes
  }

  /// The window along every spatial axis of a map.
  func axes(over input: ValueType) throws -> [Axis] {
    guard let map = input.featureMap else { throw PexError(.defect, "\(input) is no feature map") }
    return try axes(over: map.spatial)
  }
}

extension NodeExport {
  /// The sums over a window of a map's channels, whatever its settings: a depthwise convolution with ones. Pooling
  /// operators of opset 17 do not take every setting.
  func sums(_ window: Window, of map: String) throws -> String {
    let axes = try window.axes(over: inputTypes[0])
    let channels = inputTypes[0].perSample[1]
    let ones = try numbers(Tensor(repeating: 1, [channels, 1] + window.kernel), suffix: "ones")
    // Rounding up is more padding behind, which adds nothing to a sum.
    let after = axes.map { axis in
      max(0, (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 - axis.input - axis.before)
    }
    return step(
      "Conv", [map, ones],
      [
        .integers("kernel_shape", window.kernel), .integers("strides", window.strides),
        .integers("dilations", window.dilations), .integers("pads", axes.map(\.before) + after),
        .integer("group", channels),
      ], suffix: "sums")
  }
}
