import PexGraph
import PexTensor

/// Batch normalisation, softmax and dropout: operators that training and inference see differently.
enum NormalizationOperators {
  static let rows = [
    OperatorRow(
      op: "BatchNormalization", since: 1, limit: "inference only; no `spatial=0`", function: testedBatchNormalization),
    OperatorRow(
      op: "BatchNormalization", since: 7, limit: "inference only; no `spatial=0`", function: batchNormalization),
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

  /// `spatial` (7 and 8) and `training_mode` (14 on) are refused where they change the numbers.
  private static func batchNormalization(_ node: NodeReader, _ builder: GraphBuilder) throws -> [ImportedValue] {
    guard try node.flag("spatial", default: true) else {
      throw PexError(.unsupported, "attribute 'spatial': statistics for every element are not supported")
    }
    try refuseTraining(node.flag("training_mode", default: false))
    node.ignore("momentum")
    let labels = ["X", "scale", "B", "mean", "var"]
    let inputs = try labels.enumerated().map { try builder.float(node.input($0, $1)) }
    let epsilon = try node.float("epsilon", default: Double(1e-5 as Float))
    let operation = Operation.batchNormalization(BatchNormalization(epsilon: epsilon))
    return [.computed(try builder.emit(operation, inputs, for: node.node))]
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
