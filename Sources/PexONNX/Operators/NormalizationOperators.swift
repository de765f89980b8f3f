import PexGraph
import PexTensor

/// Batch normalisation, softmax and dropout: operators that training and inference see differently.
enum NormalizationOperators {
  static let rows = [
    OperatorRow(
      op: "BatchNormalization", since: 1, limit: "inference only", function: testedBatchNormalization),
    OperatorRow(
      op: "BatchNormalization", since: 7, limit: "inference only", function: batchNormalization),
    OperatorRow(op: "Softmax", since: 1) { try flatSoftmax($0, $1, logarithm: false) },
    OperatorRow(op: "Softmax", since: 13) { try softmax($0, $1, logarithm: false) },
    OperatorRow(op: "LogSoftmax", since: 1) { try flatSoftmax($0, $1, logarithm: true) },
    OperatorRow(op: "LogSoftmax", since: 13) { try softmax($0, $1, logarithm: true) },
    OperatorRow(op: "Dropout", since: 1, limit: "inference only; the mask is no output", function: testedDropout),
    OperatorRow(op: "Dropout", since: 7, limit: "inference only; the mask is no output", function: dropout),
  ]

  /// Up to opset 6 a node says itself whether it is for inference.
  private static func testedBatchNormalization(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    try requireInference(node)
    return try batchNormalization(node, builder)
  }

  /// `spatial` (up to 8) may be 0: every element has statistics of its own. `training_mode` (14 on) is refused.
  private static func batchNormalization(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    let isSpatial = try node.flag("spatial", default: true)
    try refuseTraining(node.flag("training_mode", default: false))
    node.ignore("momentum")
    let labels = ["X", "scale", "B", "mean", "var"]
    let inputs = try labels.enumerated().map { try builder.float(node.input($0, $1)) }
    let epsilon = try node.float("epsilon", default: Double(1e-5 as Float))
    if !isSpatial, builder.type(inputs[0]).rank != 2 {
      return [try elementwiseNormalization(inputs, epsilon: epsilon, node, builder)]
    }
    let operation = Operation.batchNormalization(BatchNormalization(epsilon: epsilon))
    return [.computed(try builder.emit(operation, inputs, for: node.node))]
  }

  /// Known statistics `[C, spatial…]` as a factor and an addend of every element, computed in double.
  private static func elementwiseNormalization(
    _ inputs: [ValueID], epsilon: Double, _ node: NodeReader, _ builder: GraphBuilder
  ) throws -> ImportedValue {
    let extents = Array(builder.type(inputs[0]).perSample.dropFirst())
    let statistics = inputs.dropFirst().compactMap(builder.constant)
    guard statistics.count == 4 else {
      throw PexError(.unsupported, "attribute 'spatial': statistics of elements must be known beforehand")
    }
    guard statistics.allSatisfy({ $0.shape.dimensions == extents }), epsilon >= 0 else {
      throw PexError(
        .malformed,
        "attribute 'spatial': expected statistics \(extents) and epsilon >= 0, found \(statistics.map(\.shape)), \(epsilon)"
      )
    }
    let (scale, shift) = (statistics[0].floats, statistics[1].floats)
    let (mean, variance) = (statistics[2].floats, statistics[3].floats)
    let factors = scale.indices.map { Double(scale[$0]) / (Double(variance[$0]) + epsilon).squareRoot() }
    let addends = shift.indices.map { Double(shift[$0]) - Double(mean[$0]) * factors[$0] }
    func constant(_ numbers: [Double], _ suffix: String) throws -> ValueID {
      try builder.addConstant(node.node.outputs.first ?? node.node.name, suffix: suffix) {
        try Tensor([1] + extents, numbers.map { Float($0) })
      }
    }
    let scaled = try builder.emit(
      .binary(Binary(.multiply)), [inputs[0], constant(factors, ".factor")], for: node.node, suffix: ".scaled")
    return .computed(
      try builder.emit(.binary(Binary(.add)), [scaled, constant(addends, ".addend")], for: node.node))
  }

  /// Before opset 13 all axes from `axis` on are taken together.
  private static func flatSoftmax(
    _ node: NodeReader, _ builder: GraphBuilder, logarithm: Bool
  ) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "input"))
    let type = builder.type(x)
    let axis = try node.axis(node.integer("axis", default: 1), rank: type.rank)
    let operation = Operation.softmax(Softmax(axis: axis, logarithm: logarithm))
    if axis == type.rank - 1 { return [.computed(try builder.emit(operation, [x], for: node.node))] }
    guard axis > 0 || !type.hasBatch else { throw PexError(.unsupported, "softmax over the samples of a batch") }
    let together = try Shape(Array(type.perSample[axis...])).count
    let flat = Array(type.dimensions[..<axis]) + [.fixed(together)]
    let reshaped = try builder.emit(.reshape(Reshape(flat)), [x], for: node.node, suffix: ".flat")
    let result = try builder.emit(operation, [reshaped], for: node.node, suffix: ".softmax")
    return [.computed(try builder.emit(.reshape(Reshape(type.dimensions)), [result], for: node.node))]
  }

  private static func softmax(_ node: NodeReader, _ builder: GraphBuilder, logarithm: Bool) throws -> [ImportedValue] {
    let x = try builder.float(node.input(0, "input"))
    let axis = try node.axis(node.integer("axis", default: -1), rank: builder.type(x).rank)
    return [.computed(try builder.emit(.softmax(Softmax(axis: axis, logarithm: logarithm)), [x], for: node.node))]
  }

  private static func testedDropout(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    try requireInference(node)
    return try dropout(node, builder)
  }

  /// `ratio` was an attribute before opset 12 and is an input since; neither matters at inference.
  private static func dropout(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    node.ignore("ratio")
    node.ignore("seed")
    if case .integers? = node.optionalInput(2) {
      try refuseTraining(node.optionalScalar(2, "training_mode") != 0)
    } else if case .constant(_, let mode)? = node.optionalInput(2) {
      try refuseTraining(mode.integers?.contains { $0 != 0 } ?? true)
    } else if node.optionalInput(2) != nil {
      throw PexError(.unsupported, "input 2 (training_mode) must be known beforehand")
    }
    return [try ConstantOperators.same(node, builder)]
  }

  private static func requireInference(_ node: NodeReader) throws {
    try refuseTraining(!node.flag("is_test", default: false))
  }

  private static func refuseTraining(_ isTraining: Bool) throws {
    guard !isTraining else {
      throw PexError(.unsupported, "training mode is not supported", hint: "export the model in evaluation mode")
    }
  }
}
