import PexTensor

extension GraphImport {
  /// Adds the branch of an `If` that its condition chooses, which must be known on import: an exporter's question about
  /// a shape. The values of the branch get the names of the node's outputs.
  func addBranch(of node: ONNXNode, to builder: GraphBuilder) throws {
    let branch = try branch(of: node, builder)
    guard branch.inputs.isEmpty else { throw PexError(.malformed, "its branch has inputs") }
    guard node.outputs.count <= branch.outputs.count else {
      throw PexError(.malformed, "it has \(node.outputs.count) outputs, its branch \(branch.outputs.count)")
    }
    let scope = NameScope()
    let copy = GraphCopy(prefix: nil, attributes: [:], taken: builder.taken)
    let computed = Set(branch.nodes.flatMap(\.outputs))
    // An output that hands on a value from outside, a stored tensor or another output is given by a node of its own.
    var handedOn: [(from: String, to: String)] = []
    for (name, output) in zip(branch.outputs.map(\.name), node.outputs) where !output.isEmpty {
      if computed.contains(name), !scope.defines(name) {
        scope.define(name, as: output)
      } else {
        handedOn.append((name, output))
      }
    }
    for name in branch.initializers.map(\.name) where !scope.defines(name) {
      scope.define(name, as: try builder.taken.take(name))
    }
    try copy.define(outputsOf: branch.nodes, in: scope)
    var taken = ONNXGraph()
    taken.nodes = try branch.nodes.map { inner in
      var inner = try copy.node(inner, scope)
      inner.name = "\(node.name)/\(inner.name)"
      inner.opset = inner.opset ?? node.opset
      return inner
    }
    for (from, to) in handedOn {
      taken.nodes.append(
        ONNXNode(
          name: "\(node.name)/\(to)", op: "Identity", domain: "", inputs: [scope.name(of: from) ?? from],
          outputs: [to], attributes: [], opset: node.opset))
    }
    taken.outputs = node.outputs.filter { !$0.isEmpty }.map { ONNXValueInfo(name: $0) }
    taken.sparseInitializers = branch.sparseInitializers
    for var tensor in branch.initializers {
      tensor.name = scope.name(of: tensor.name) ?? tensor.name
      taken.initializers.append(tensor)
      builder.store(tensor)
    }
    try add(GraphOutline(taken, isNested: true), to: builder)
  }

  private func branch(of node: ONNXNode, _ builder: GraphBuilder) throws -> ONNXGraph {
    guard let name = node.inputs.first, !name.isEmpty else {
      throw PexError(.malformed, "input 0 (cond) is missing")
    }
    let wanted = try condition(name, builder) ? "then_branch" : "else_branch"
    guard let attribute = node.attributes.first(where: { $0.name == wanted }) else {
      throw PexError(.malformed, "attribute '\(wanted)' is missing")
    }
    guard case .graph(let graph) = attribute.value else {
      throw PexError(.malformed, "attribute '\(wanted)': expected a graph, found \(attribute.value.summary)")
    }
    return graph
  }

  private func condition(_ name: String, _ builder: GraphBuilder) throws -> Bool {
    let number: Int? =
      switch try builder.value(named: name) {
      case .integers(let known): known.elements.count == 1 ? known.integers?.first : nil
      case .constant(_, let tensor): tensor.count == 1 ? tensor.integers?.first : nil
      case .computed:
        throw PexError(
          .unsupported, "its condition '\(name)' is computed while the network runs",
          hint: "export the model for inference, with shapes that settle which branch is taken")
      }
    guard let number else { throw PexError(.malformed, "its condition '\(name)' is not one truth value") }
    return number != 0
  }
}
