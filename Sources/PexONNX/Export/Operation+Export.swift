import PexGraph

/// An operation that has a form in ONNX. One conforming type a file in `Export/Operations/`.
protocol ONNXExportable {
  /// Writes the operators of operator set 17 that compute it; the last one gives the node's outputs.
  /// - Throws: ``PexError`` (unsupported) when these settings have no form there.
  func export(to node: NodeExport) throws
}

extension Operation {
  /// The operation as something that can be written.
  var exportable: any ONNXExportable {
    switch self {
    case .convolution(let payload): payload
    case .pooling(let payload): payload
    case .globalPooling(let payload): payload
    case .batchNormalization(let payload): payload
    case .linear(let payload): payload
    case .unary(let payload): payload
    case .binary(let payload): payload
    case .concat(let payload): payload
    case .reshape(let payload): payload
    case .transpose(let payload): payload
    case .softmax(let payload): payload
    case .reduce(let payload): payload
    case .pad(let payload): payload
    case .identity(let payload): payload
    case .transposedConvolution(let payload): payload
    case .lpPooling(let payload): payload
    case .localResponseNormalization(let payload): payload
    case .standardization(let payload): payload
    case .slice(let payload): payload
    case .gather(let payload): payload
    case .tile(let payload): payload
    case .argMax(let payload): payload
    case .matrixProduct(let payload): payload
    case .resize(let payload): payload
    case .choice(let payload): payload
    case .recurrent(let payload): payload
    case .integerConvolution(let payload): payload.convolution
    }
  }
}
