import PexGraph
import PexTensor

/// One graph on its way into a `GraphProto`.
final class GraphExport {
  let graph: Graph
  private var nodes = WireDraft()
  private var tensors = WireDraft()
  /// What nodes read a value by, where that is not the value's own name.
  private var readNames: [ValueID: String] = [:]
  private var takenNames: Set<String>
  /// What nodes read, and the outputs.
  private let used: Set<ValueID>
  private var takenNodeNames: Set<String> = [""]

  init(_ graph: Graph) {
    self.graph = graph
    takenNames = Set(graph.values.map(\.name))
    used = Set(graph.nodes.flatMap(\.inputs) + graph.outputs)
  }

  /// The message.
  /// - Throws: ``PexError`` (unsupported) naming the node that ONNX has no form for.
  func run() throws -> WireDraft {
    for input in graph.inputs where input.layout == .channelsLast { addTranspose(of: input.value) }
    for id in used.sorted() {
      if let tensor = graph[id].constant { try addConstant(graph[id], tensor) }
    }
    for (output, axis) in zip(graph.outputs, graph.batchAxes) where axis != 0 {
      readNames[output] = freeName(graph[output].name + ".front")
    }
    for node in graph.nodes {
      try naming("node '\(node.name)' (\(node.operation.mnemonic))") {
        try node.operation.exportable.export(to: NodeExport(node, in: self))
      }
    }
    for (output, axis) in zip(graph.outputs, graph.batchAxes) where axis != 0 {
      let rank = graph[output].type.rank
      let permutation = Array(1...axis) + [0] + Array(axis + 1..<rank)
      let name = graph[output].name
      add("Transpose", name: name, inputs: [self.name(output)], outputs: [name], [.integers("perm", permutation)])
    }
    var message = nodes
    message.string(2, "pex")
    message.append(tensors)
    for input in graph.inputs { message.message(11) { describe(graph[input.value], layout: input.layout, &$0) } }
    for (id, axis) in zip(graph.outputs, graph.batchAxes) {
      var value = graph[id]
      if axis != 0 { value.type.dimensions.insert(value.type.dimensions.remove(at: 0), at: axis) }
      message.message(12) { describe(value, &$0) }
    }
    let outputs = Set(graph.outputs)
    for id in graph.nodes.flatMap(\.outputs) where !outputs.contains(id) && used.contains(id) {
      message.message(13) { describe(graph[id], &$0) }
    }
    return message
  }

  /// Whether a value is read, or an output.
  func isUsed(_ id: ValueID) -> Bool { used.contains(id) }

  /// What nodes read a value by.
  func name(_ id: ValueID) -> String { readNames[id] ?? graph[id].name }

  /// A name that no value has yet.
  func freeName(_ wanted: String) -> String { Self.freeName(wanted, &takenNames) }

  private static func freeName(_ wanted: String, _ taken: inout Set<String>) -> String {
    var name = wanted
    var number = 1
    while !taken.insert(name).inserted {
      name = "\(wanted)_\(number)"
      number += 1
    }
    return name
  }

  /// Adds a node. Several that stand for one of the source model would have its name: runtimes refuse that.
  func add(
    _ op: String, name: String, inputs: [String], outputs: [String], _ attributes: [ExportAttribute]
  ) {
    let name = name.isEmpty ? "" : Self.freeName(name, &takenNodeNames)
    nodes.message(1) { node in
      for input in inputs { node.string(1, input) }
      for output in outputs { node.string(2, output) }
      node.string(3, name)
      node.string(4, op)
      for attribute in attributes { node.message(5) { attribute.write(&$0) } }
    }
  }

  /// Adds numbers that are stored in the file.
  func add(_ tensor: Tensor, name: String) {
    tensors.message(5) { message in
      for extent in tensor.shape.dimensions { message.integer(1, extent) }
      message.integer(2, ElementType(tensor.dtype).rawValue)
      message.string(8, name)
      message.contents(9, of: tensor)
    }
  }

  private func addConstant(_ value: Value, _ tensor: Tensor) throws {
    guard tensor.dtype != value.type.dtype else { return add(tensor, name: value.name) }
    let stored = freeName(value.name + ".\(tensor.dtype.name)")
    add(tensor, name: stored)
    let type = ElementType(value.type.dtype).rawValue
    add("Cast", name: stored, inputs: [stored], outputs: [value.name], [.integer("to", type)])
  }

  /// The user's array has its channels behind, every node expects them in front.
  private func addTranspose(of id: ValueID) {
    let (name, rank) = (graph[id].name, graph[id].type.rank)
    guard rank >= 3 else { return }
    let transposed = freeName(name + ".nchw")
    let permutation = [0, rank - 1] + (1..<rank - 1)
    add("Transpose", name: transposed, inputs: [name], outputs: [transposed], [.integers("perm", permutation)])
    readNames[id] = transposed
  }

  private func describe(_ value: Value, layout: InputLayout = .channelsFirst, _ message: inout WireDraft) {
    var dimensions = value.type.dimensions
    if layout == .channelsLast, dimensions.count >= 3 { dimensions.append(dimensions.remove(at: 1)) }
    message.string(1, value.name)
    message.message(2) {
      $0.message(1) { type in
        type.integer(1, ElementType(value.type.dtype).rawValue)
        type.message(2) { shape in
          for dimension in dimensions {
            shape.message(1) {
              switch dimension {
              case .batch: $0.string(2, ONNXExporter.batchName)
              case .fixed(let extent): $0.integer(1, extent)
              }
            }
          }
        }
      }
    }
  }
}

extension ElementType {
  /// How a type of pex is called in a file.
  init(_ dtype: DType) {
    switch dtype {
    case .float32: self = .float
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    case .float64: self = .double
    case .int8: self = .int8
    case .uint8: self = .uint8
    case .int32: self = .int32
    case .int64: self = .int64
    case .bool: self = .bool
    }
  }
}
