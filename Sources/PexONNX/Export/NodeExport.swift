import PexGraph
import PexTensor

/// What an operation's function sees of its node: what it reads and gives, and the means to write operators.
struct NodeExport {
  /// What the node reads, by the names in the file.
  let inputs: [String]
  /// The types of what it reads.
  let inputTypes: [ValueType]
  /// Whether somebody reads what it gives.
  let outputsAreUsed: [Bool]
  /// The types of what it gives.
  let outputTypes: [ValueType]
  private let name: String
  private let outputs: [String]
  private let file: GraphExport

  init(_ node: Node, in file: GraphExport) {
    inputs = node.inputs.map(file.name)
    inputTypes = node.inputs.map { file.graph[$0].type }
    outputsAreUsed = node.outputs.map(file.isUsed)
    outputTypes = node.outputs.map { file.graph[$0].type }
    outputs = node.outputs.map(file.name)
    name = node.name
    self.file = file
  }

  /// Writes the operator that gives the node's outputs.
  /// - Parameter inputs: what it reads; what the node reads when nil. An empty name leaves one out.
  func write(_ op: String, _ inputs: [String]? = nil, _ attributes: [ExportAttribute] = []) {
    file.add(op, name: name, inputs: inputs ?? self.inputs, outputs: outputs, attributes)
  }

  /// Writes an operator on the way there.
  /// - Returns: the name of what it gives, made of the node's output and `suffix`.
  func step(_ op: String, _ inputs: [String], _ attributes: [ExportAttribute] = [], suffix: String) -> String {
    let output = freeName(suffix)
    file.add(op, name: "\(name).\(suffix)", inputs: inputs, outputs: [output], attributes)
    return output
  }

  /// Writes the operator that gives one of the node's outputs.
  func write(_ op: String, _ inputs: [String], _ attributes: [ExportAttribute] = [], output: Int) {
    file.add(op, name: name, inputs: inputs, outputs: [outputs[output]], attributes)
  }

  /// Writes an operator of several outputs on the way there.
  /// - Returns: the names of the first `count` of what it gives.
  func steps(
    _ op: String, _ inputs: [String], _ attributes: [ExportAttribute], suffixes: [String], _ count: Int
  ) -> [String] {
    let outputs = suffixes.prefix(count).map(freeName)
    file.add(op, name: "\(name).\(op)", inputs: inputs, outputs: outputs, attributes)
    return outputs
  }

  /// Stores integers as a list that operators can read.
  func integers(_ values: [Int], suffix: String) throws -> String {
    try numbers(Tensor([values.count], values.map(Int64.init)), suffix: suffix)
  }

  /// Stores one number that operators can read.
  func scalar(_ value: Double, suffix: String) throws -> String {
    try numbers(Tensor([], [Float(value)]), suffix: suffix)
  }

  /// Stores numbers that operators can read.
  func numbers(_ tensor: Tensor, suffix: String) throws -> String {
    let name = freeName(suffix)
    file.add(tensor, name: name)
    return name
  }

  /// The product of a value and one number.
  func product(_ value: String, _ factor: Double, suffix: String) throws -> String {
    step("Mul", [value, try scalar(factor, suffix: suffix + ".factor")], suffix: suffix)
  }

  /// The sum of a value and one number.
  func sum(_ value: String, _ addend: Double, suffix: String) throws -> String {
    step("Add", [value, try scalar(addend, suffix: suffix + ".addend")], suffix: suffix)
  }

  private func freeName(_ suffix: String) -> String { file.freeName("\(outputs.first ?? name).\(suffix)") }
}

extension NodeExport {
  /// A value under other extents; a batch, always in front, stays symbolic.
  func reshaped(_ value: String, _ dimensions: [Dimension], suffix: String) throws -> String {
    let shape = try integers(dimensions.map { $0 == .batch ? 0 : $0.perSample }, suffix: suffix + ".shape")
    return step("Reshape", [value, shape], suffix: suffix)
  }
}
