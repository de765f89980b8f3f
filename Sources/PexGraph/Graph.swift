import PexTensor

/// A network as a graph of single-assignment values. Feature maps are NCHW, the batch is symbolic.
///
/// Nodes stand in an order in which every value is computed before it is read. Editing keeps that order;
/// ``verify()`` checks everything that the type system does not.
public struct Graph: Sendable {
  /// All values; a ``ValueID`` is a position in here.
  public internal(set) var values: [Value] = []
  /// All nodes, in an order in which they can be computed.
  public internal(set) var nodes: [Node] = []
  /// What a run is given.
  public internal(set) var inputs: [GraphInput] = []
  /// What a run answers with, in the source's order.
  public internal(set) var outputs: [ValueID] = []
  /// For every output, the axis on which its batch lies in the source model; the graph has it in front.
  public private(set) var batchAxes: [Int] = []
  /// Which output answers and what its numbers are; nil when the model has no output that could.
  public var classifier: Classifier?
  private var names: Set<String> = []

  /// A graph without anything in it.
  public init() {}

  /// The value that an identifier of this graph stands for.
  public subscript(id: ValueID) -> Value { values[id.index] }

  /// Adds an input.
  /// - Throws: ``PexError`` (malformed) when the type cannot be computed with or the name is empty or taken.
  @discardableResult
  public mutating func addInput(
    _ name: String, _ type: ValueType, layout: InputLayout = .channelsFirst
  ) throws -> ValueID {
    try type.validate()
    let id = try addValue(Value(name: name, type: type, constant: nil))
    inputs.append(GraphInput(value: id, layout: layout))
    return id
  }

  /// Adds a constant.
  /// - Throws: ``PexError`` (malformed) when the name is empty or taken.
  @discardableResult
  public mutating func addConstant(_ name: String, _ tensor: Tensor) throws -> ValueID {
    try addValue(Value(name: name, type: ValueType(of: tensor), constant: tensor))
  }

  /// Stores an f32 constant as `tensor`, f32 or f16 of the same extents; its type in the graph stays f32.
  /// - Throws: ``PexError`` (defect) when the value is no f32 constant of that shape.
  public mutating func restoreConstant(_ id: ValueID, as tensor: Tensor) throws {
    let value = self[id]
    guard value.constant != nil, value.type.dtype == .float32,
      ValueType(of: tensor).dimensions == value.type.dimensions,
      tensor.dtype == .float32 || tensor.dtype == .float16
    else { throw PexError(.defect, "'\(value.name)' cannot be stored as \(ValueType(of: tensor))") }
    values[id.index].constant = tensor
  }

  /// Adds a node behind all others and infers the types of its outputs.
  /// - Parameters:
  ///   - operation: what is computed.
  ///   - inputs: what it reads; values that are in the graph already.
  ///   - outputs: names of what it gives.
  ///   - name: for messages; the first output's name when not given.
  /// - Throws: ``PexError`` (malformed) when the inputs do not fit the operation, or a name is empty or taken.
  @discardableResult
  public mutating func addNode(
    _ operation: Operation, _ inputs: [ValueID], outputs: [String], name: String? = nil
  ) throws -> [ValueID] {
    guard inputs.allSatisfy({ values.indices.contains($0.index) }) else {
      throw PexError(.defect, "node '\(name ?? outputs.first ?? "")' reads a value that is not in the graph")
    }
    let types = try operation.outputTypes(of: inputs.map { self[$0].type })
    guard types.count == outputs.count else {
      throw PexError(.malformed, "\(operation.mnemonic) gives \(types.count) values, found \(outputs.count) names")
    }
    let ids = try zip(outputs, types).map { try addValue(Value(name: $0, type: $1, constant: nil)) }
    nodes.append(Node(name: name ?? outputs.first ?? "", operation: operation, inputs: inputs, outputs: ids))
    return ids
  }

  /// Adds a node with one output and returns that.
  @discardableResult
  public mutating func addNode(
    _ operation: Operation, _ inputs: [ValueID], output: String, name: String? = nil
  ) throws -> ValueID {
    let ids = try addNode(operation, inputs, outputs: [output], name: name)
    guard let id = ids.first else { throw PexError(.defect, "\(operation.mnemonic) gives no value") }
    return id
  }

  /// Makes a value an output.
  /// - Parameter batchAxis: the axis on which its batch lies in the source model.
  public mutating func addOutput(_ id: ValueID, batchAxis: Int = 0) {
    outputs.append(id)
    batchAxes.append(batchAxis)
  }

  /// A name that is not taken: `wanted` itself, or with a number behind it.
  public func freeName(_ wanted: String) -> String {
    let base = wanted.isEmpty ? "value" : wanted
    guard names.contains(base) else { return base }
    var number = 1
    while names.contains("\(base)_\(number)") { number += 1 }
    return "\(base)_\(number)"
  }

  /// The value of that name, or nil. Takes time proportional to the number of values.
  public func value(named name: String) -> ValueID? {
    values.firstIndex { $0.name == name }.map(ValueID.init)
  }

  /// The node that gives a value, or nil for inputs and constants. Takes time proportional to the number of nodes.
  public func producer(of id: ValueID) -> Node? {
    nodes.last { $0.outputs.contains(id) }
  }

  /// For every value, the position of the node that gives it.
  public func producers() -> [ValueID: Int] {
    var result: [ValueID: Int] = [:]
    for (index, node) in nodes.enumerated() {
      for output in node.outputs { result[output] = index }
    }
    return result
  }

  /// For every value, the positions of the nodes that read it, ascending, once each.
  public func consumers() -> [ValueID: [Int]] {
    var result: [ValueID: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for input in Set(node.inputs) { result[input, default: []].append(index) }
    }
    return result
  }

  private mutating func addValue(_ value: Value) throws -> ValueID {
    guard !value.name.isEmpty else { throw PexError(.malformed, "a value has no name") }
    guard names.insert(value.name).inserted else {
      throw PexError(.malformed, "two values are named '\(value.name)'")
    }
    values.append(value)
    return ValueID(values.count - 1)
  }

  /// Makes a name free again.
  mutating func forget(_ name: String) { names.remove(name) }

  mutating func setName(_ id: ValueID, _ name: String) {
    names.remove(values[id.index].name)
    values[id.index].name = name
    names.insert(name)
  }
}
