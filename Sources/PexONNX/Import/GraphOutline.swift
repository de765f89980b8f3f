import PexTensor

/// A graph's nodes in an order in which they can be computed, without those that no output depends on, and its names
/// checked: every name that is defined has one source.
struct GraphOutline {
  /// Needed nodes, in an order in which they can be computed.
  let nodes: [ONNXNode]
  /// Stored tensors by name.
  let initializers: [String: ONNXTensor]
  /// Inputs that a run is given: those without a stored tensor.
  let inputs: [ONNXValueInfo]
  /// How often a needed node or an output of the graph reads a name.
  let readers: [String: Int]

  /// Checks and sorts a graph.
  /// - Parameter isNested: whether the graph is inside a node, and names that it does not define are of values around.
  /// - Throws: ``PexError`` (malformed) naming what is missing, double or part of a cycle.
  init(_ graph: ONNXGraph, isNested: Bool = false) throws {
    if let name = graph.sparseInitializers.first {
      throw PexError(.unsupported, "tensor '\(name)' is sparse", hint: "export the model with dense weights")
    }
    var initializers: [String: ONNXTensor] = [:]
    for tensor in graph.initializers {
      guard !tensor.name.isEmpty else { throw PexError(.malformed, "a stored tensor has no name") }
      guard initializers.updateValue(tensor, forKey: tensor.name) == nil else {
        throw PexError(.malformed, "two stored tensors are named '\(tensor.name)'")
      }
    }
    // Up to IR version 3 stored tensors are listed among the inputs too.
    inputs = graph.inputs.filter { initializers[$0.name] == nil }
    var sources = try Self.sources(graph, inputs, initializers)
    if isNested { for name in graph.capturedNames { sources.updateValue(nil, forKey: name) } }
    let needed = try Self.sorted(graph, sources)
    nodes = needed.map { graph.nodes[$0] }
    var readers: [String: Int] = [:]
    for name in nodes.flatMap(\.readNames) + graph.outputs.map(\.name) {
      readers[name, default: 0] += 1
    }
    self.readers = readers
    self.initializers = initializers
  }

  /// Where a name comes from: nil for inputs and stored tensors, else the position of the node that gives it.
  private static func sources(
    _ graph: ONNXGraph, _ inputs: [ONNXValueInfo], _ initializers: [String: ONNXTensor]
  ) throws -> [String: Int?] {
    var sources: [String: Int?] = initializers.mapValues { _ in nil }
    for input in inputs {
      guard !input.name.isEmpty else { throw PexError(.malformed, "an input has no name") }
      guard sources.updateValue(nil, forKey: input.name) == nil else {
        throw PexError(.malformed, "two inputs are named '\(input.name)'")
      }
    }
    for (index, node) in graph.nodes.enumerated() {
      for output in node.outputs where !output.isEmpty {
        guard sources.updateValue(index, forKey: output) == nil else {
          throw PexError(.malformed, "node '\(node.name)' (\(node.op)): there is another value named '\(output)'")
        }
      }
    }
    return sources
  }

  /// Positions of the nodes that the outputs depend on, each after those it reads from; in the file's order where that
  /// is one. Iterative: a chain of a million nodes does not overflow the stack.
  private static func sorted(_ graph: ONNXGraph, _ sources: [String: Int?]) throws -> [Int] {
    guard !graph.outputs.isEmpty else { throw PexError(.malformed, "the model has no output") }
    var pending: [Int] = []
    for output in graph.outputs {
      guard let source = sources[output.name] else {
        throw PexError(.malformed, "output '\(output.name)' is computed by no node")
      }
      if let source { pending.append(source) }
    }
    var needed: Set<Int> = []
    var waiting: [Int: Int] = [:]
    var consumers: [Int: [Int]] = [:]
    while let index = pending.popLast() {
      guard needed.insert(index).inserted else { continue }
      let node = graph.nodes[index]
      waiting[index] = 0
      for input in node.readNames {
        guard let source = sources[input] else {
          throw PexError(.malformed, "node '\(node.name)' (\(node.op)): input '\(input)' is computed by no node")
        }
        guard let source else { continue }
        waiting[index, default: 0] += 1
        consumers[source, default: []].append(index)
        pending.append(source)
      }
    }
    // Each round takes the nodes that became ready, in the file's order; a sorted file keeps its order throughout.
    var ready = needed.filter { waiting[$0] == 0 }.sorted(by: >)
    var order: [Int] = []
    while let index = ready.popLast() {
      order.append(index)
      for consumer in consumers[index] ?? [] {
        waiting[consumer, default: 0] -= 1
        if waiting[consumer] == 0 { ready.insert(consumer, at: ready.partitioningIndex { $0 < consumer }) }
      }
    }
    guard order.count == needed.count else {
      let stuck = needed.filter { (waiting[$0] ?? 0) > 0 }.min() ?? 0
      let node = graph.nodes[stuck]
      throw PexError(.malformed, "node '\(node.name)' (\(node.op)) depends on its own output")
    }
    return order
  }
}

extension [Int] {
  /// The first position whose element satisfies `belongsBehind`, of a list in which those come last.
  fileprivate func partitioningIndex(_ belongsBehind: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if belongsBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
