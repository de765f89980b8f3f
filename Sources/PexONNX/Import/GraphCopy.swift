import PexTensor

/// Nodes written anew for another place: with other names, and with the attributes of a function's call in the place of
/// references to them.
struct GraphCopy {
  /// Written in front of new names; nil for a branch, which sees the names around it. A function sees nothing but its
  /// inputs.
  let prefix: String?
  /// What references to attributes stand for; one that is missing takes the attribute with it.
  let attributes: [String: ONNXAttribute.Value]
  /// Gives new names, which differ from all others.
  let taken: TakenNames

  /// The node with every name replaced. Names of its outputs have been defined.
  func node(_ node: ONNXNode, _ scope: NameScope) throws -> ONNXNode {
    var copy = try inner(node, scope)
    copy.name = path(node.name)
    return copy
  }

  /// The same under its own name, as a graph inside a node has it.
  private func inner(_ node: ONNXNode, _ scope: NameScope) throws -> ONNXNode {
    var copy = node
    try taken.count(node, named: path(node.name))
    copy.inputs = try node.inputs.map { try name($0, scope) }
    copy.outputs = try node.outputs.map { try name($0, scope) }
    copy.attributes = try node.attributes.compactMap { attribute in
      var attribute = attribute
      switch attribute.value {
      case .reference(let name):
        guard prefix != nil else { break }
        guard let value = attributes[name] else { return nil }
        attribute.value = value
      case .graph(let graph):
        attribute.value = .graph(try naming("node '\(node.name)' (\(node.op))") { try self.graph(graph, scope) })
      default: break
      }
      return attribute
    }
    return copy
  }

  /// Gives every value that the nodes compute a new name, but those that have one.
  func define(outputsOf nodes: [ONNXNode], in scope: NameScope) throws {
    for name in nodes.flatMap(\.outputs) where !name.isEmpty && !scope.defines(name) {
      scope.define(name, as: try taken.take(path(name)))
    }
  }

  /// A graph inside a node. What it defines gets new names too, so that it hides nothing that it now reads.
  private func graph(_ graph: ONNXGraph, _ outer: NameScope) throws -> ONNXGraph {
    let scope = NameScope(within: outer)
    for name in graph.inputs.map(\.name) + graph.initializers.map(\.name) where !scope.defines(name) {
      scope.define(name, as: try taken.take(path(name)))
    }
    try define(outputsOf: graph.nodes, in: scope)
    var copy = graph
    copy.nodes = try graph.nodes.map { try inner($0, scope) }
    for index in graph.initializers.indices {
      copy.initializers[index].name = try name(graph.initializers[index].name, scope)
    }
    for index in graph.inputs.indices { copy.inputs[index].name = try name(graph.inputs[index].name, scope) }
    for index in graph.outputs.indices { copy.outputs[index].name = try name(graph.outputs[index].name, scope) }
    return copy
  }

  private func name(_ name: String, _ scope: NameScope) throws -> String {
    if name.isEmpty { return "" }
    if let found = scope.name(of: name) { return found }
    guard prefix == nil else { throw PexError(.malformed, "'\(name)' is computed by none of its nodes") }
    return name
  }

  private func path(_ name: String) -> String { prefix.map { "\($0)/\(name)" } ?? name }
}
