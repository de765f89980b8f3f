import PexTensor

extension Graph {
  /// Gives every node and the classifier other values to read. Outputs keep their value.
  /// - Parameter replacements: for values that are no longer read, what is read instead; never one of the former.
  public mutating func replaceUses(_ replacements: [ValueID: ValueID]) {
    guard !replacements.isEmpty else { return }
    for index in nodes.indices {
      nodes[index].inputs = nodes[index].inputs.map { replacements[$0] ?? $0 }
    }
    if let logits = classifier?.logits { classifier?.logits = replacements[logits] ?? logits }
  }

  /// Makes `replacement` the output in place of `old` and gives it the old name, so that users find what they know.
  ///
  /// - Returns: false, and nothing changes, when `replacement` is an input, a constant or an output already: its own
  ///   name is promised to somebody.
  @discardableResult
  public mutating func replaceOutput(_ old: ValueID, with replacement: ValueID) -> Bool {
    guard outputs.contains(old) else { return true }
    guard !outputs.contains(replacement), self[replacement].constant == nil,
      !inputs.contains(where: { $0.value == replacement })
    else { return false }
    outputs = outputs.map { $0 == old ? replacement : $0 }
    if classifier?.output == old { classifier?.output = replacement }
    if classifier?.logits == old { classifier?.logits = replacement }
    let name = self[old].name
    setName(old, freeName(name + ".old"))
    setName(replacement, name)
    return true
  }

  /// Gives a value another name.
  /// - Throws: ``PexError`` (malformed) when the name is empty or taken.
  public mutating func rename(_ id: ValueID, to name: String) throws {
    guard name != self[id].name else { return }
    guard !name.isEmpty, freeName(name) == name else {
      throw PexError(.malformed, "a second value cannot be called '\(name)'")
    }
    setName(id, name)
  }

  /// Replaces the node at a position by another one that gives the same values.
  public mutating func replaceNode(at index: Int, operation: Operation, inputs: [ValueID]) {
    nodes[index].operation = operation
    nodes[index].inputs = inputs
  }

  /// Turns the only output of a node into a constant. The node itself is left for ``removeUnused()``.
  /// - Throws: ``PexError`` (defect) when the node has several outputs.
  public mutating func setConstant(ofNodeAt index: Int, _ tensor: Tensor) throws {
    guard nodes[index].outputs.count == 1, let id = nodes[index].outputs.first else {
      throw PexError(.defect, "node '\(nodes[index].name)' has \(nodes[index].outputs.count) outputs")
    }
    let name = freeName(self[id].name + ".folded")
    let stale = ValueID(values.count)
    values.append(Value(name: name, type: values[id.index].type, constant: nil))
    setName(stale, name)
    nodes[index].outputs = [stale]
    values[id.index].constant = tensor
    values[id.index].type = ValueType(of: tensor)
  }

  /// Drops the nodes and values that no output depends on and numbers the rest anew, in their old order.
  /// Inputs always stay. Identifiers from before mean nothing afterwards.
  /// - Returns: how many nodes were dropped.
  @discardableResult
  public mutating func removeUnused() -> Int {
    let (keptNodes, needed) = ancestors(of: outputs + (classifier.map { [$0.logits, $0.output] } ?? []))
    let removed = nodes.count - keptNodes.count
    let used = needed.union(inputs.map(\.value)).union(keptNodes.flatMap { nodes[$0].outputs })
    var renumbered: [ValueID: ValueID] = [:]
    var kept: [Value] = []
    for (index, value) in values.enumerated() where used.contains(ValueID(index)) {
      renumbered[ValueID(index)] = ValueID(kept.count)
      kept.append(value)
    }
    func moved(_ id: ValueID) -> ValueID { renumbered[id] ?? id }
    for value in values.indices where renumbered[ValueID(value)] == nil { forget(values[value].name) }
    nodes = keptNodes.map { index in
      var node = nodes[index]
      node.inputs = node.inputs.map(moved)
      node.outputs = node.outputs.map(moved)
      return node
    }
    values = kept
    for index in inputs.indices { inputs[index].value = moved(inputs[index].value) }
    outputs = outputs.map(moved)
    classifier = classifier.map { Classifier(output: moved($0.output), kind: $0.kind, logits: moved($0.logits)) }
    return removed
  }

  /// Takes away the inputs that nothing reads and that are no outputs, unless these are all. Identifiers from before mean
  /// nothing afterwards.
  /// - Returns: their names.
  public mutating func removeUnreadInputs() -> [String] {
    let read = Set(nodes.flatMap(\.inputs)).union(outputs)
    let unread = inputs.filter { !read.contains($0.value) }
    guard !unread.isEmpty, unread.count < inputs.count else { return [] }
    inputs.removeAll { unread.contains($0) }
    let names = unread.map { self[$0.value].name }
    removeUnused()
    return names
  }

  /// The nodes that the given values depend on, by position and ascending, and every value those nodes read or give.
  public func ancestors(of roots: [ValueID]) -> (nodes: [Int], values: Set<ValueID>) {
    var needed = Set(roots)
    var found: [Int] = []
    for (index, node) in nodes.enumerated().reversed() where node.outputs.contains(where: needed.contains) {
      found.append(index)
      needed.formUnion(node.inputs)
      needed.formUnion(node.outputs)
    }
    return (found.reversed(), needed)
  }
}
