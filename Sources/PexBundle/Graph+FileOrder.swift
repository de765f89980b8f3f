import PexGraph
import PexTensor

extension Graph {
  /// The values in the order in which a file numbers them: inputs, constants by first use, what nodes give.
  ///
  /// Tensors so stand in the order in which a run needs them, and one graph has one numbering.
  func fileOrder() -> [ValueID] {
    var order = inputs.map(\.value)
    var listed = Set(order)
    let readers = nodes.flatMap(\.inputs) + outputs + values.indices.map(ValueID.init)
    for id in readers where self[id].constant != nil && listed.insert(id).inserted { order.append(id) }
    return order + nodes.flatMap(\.outputs)
  }

  /// Whether the values are numbered as a file numbers them.
  var isNumberedForFile: Bool { fileOrder().enumerated().allSatisfy { $0 == $1.index } }

  /// The same graph with its values numbered as in a file, and for every old number the new one.
  /// - Throws: ``PexError`` (malformed) when the graph cannot be rebuilt: it was not verified.
  func numberedForFile() throws -> (Graph, [ValueID: ValueID]) {
    var graph = Graph()
    var numbers: [ValueID: ValueID] = [:]
    func number(_ id: ValueID) throws -> ValueID {
      guard let new = numbers[id] else { throw PexError(.malformed, "value '\(self[id].name)' has no source") }
      return new
    }
    for input in inputs {
      numbers[input.value] = try graph.addInput(self[input.value].name, self[input.value].type, layout: input.layout)
    }
    for id in fileOrder() where numbers[id] == nil {
      guard let tensor = self[id].constant else { continue }
      numbers[id] = try graph.addStoredConstant(self[id].name, tensor, type: self[id].type.dtype)
    }
    for node in nodes {
      let outputs = try graph.addNode(
        node.operation, try node.inputs.map(number), outputs: node.outputs.map { self[$0].name }, name: node.name)
      for (old, new) in zip(node.outputs, outputs) { numbers[old] = new }
    }
    for (output, axis) in zip(outputs, batchAxes) { graph.addOutput(try number(output), batchAxis: axis) }
    graph.classifier = try classifier.map {
      Classifier(output: try number($0.output), kind: $0.kind, logits: try number($0.logits))
    }
    return (graph, numbers)
  }
}
