import PexGraph

extension Operation {
  /// Whether the output is the input under other extents.
  var movesNothing: Bool {
    switch self {
    case .reshape, .identity: true
    case .convolution, .pooling, .globalPooling, .batchNormalization, .linear, .unary, .binary, .concat, .transpose,
      .softmax, .reduce, .pad, .transposedConvolution, .lpPooling, .localResponseNormalization, .standardization,
      .slice, .gather, .tile, .argMax, .matrixProduct, .resize, .choice, .recurrent, .integerConvolution:
      false
    }
  }
}

extension Graph {
  /// For every value that is another one under new extents, the value that owns the memory.
  func memoryOwners() -> [ValueID: ValueID] {
    var owners: [ValueID: ValueID] = [:]
    for node in nodes where node.operation.movesNothing {
      guard let input = node.inputs.first, let output = node.outputs.first else { continue }
      owners[output] = owners[input] ?? input
    }
    return owners
  }
}
