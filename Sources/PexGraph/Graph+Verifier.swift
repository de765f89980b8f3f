import PexTensor

extension Graph {
  /// Checks everything a graph promises: every value has one source and a unique name, nodes read only what is
  /// computed before them, recorded types are what the operations infer, inputs, outputs and classifier exist.
  /// - Throws: ``PexError`` (malformed) naming the first place where a promise is broken.
  public func verify() throws {
    var names: Set<String> = []
    for value in values {
      guard !value.name.isEmpty, names.insert(value.name).inserted else {
        throw PexError(.malformed, "value name '\(value.name)' is empty or not unique")
      }
      try naming("value '\(value.name)'") { try value.type.validate() }
      if let constant = value.constant {
        let stored = ValueType(of: constant)
        let narrowed = stored.dtype == .float16 && value.type.dtype == .float32
        guard stored.dimensions == value.type.dimensions, stored.dtype == value.type.dtype || narrowed else {
          throw PexError(.malformed, "constant '\(value.name)' is \(stored), recorded as \(value.type)")
        }
      }
    }
    var ready = Set(values.indices.filter { values[$0].constant != nil }.map(ValueID.init))
    for input in inputs {
      guard values.indices.contains(input.value.index), ready.insert(input.value).inserted else {
        throw PexError(.malformed, "an input has no value of its own")
      }
    }
    for node in nodes {
      try naming("node '\(node.name)'") { try verify(node, &ready) }
    }
    for id in outputs + (classifier.map { [$0.output, $0.logits] } ?? []) where !ready.contains(id) {
      throw PexError(.malformed, "an output has no source")
    }
    guard !outputs.isEmpty, Set(outputs).count == outputs.count else {
      throw PexError(.malformed, "expected at least one output, each once")
    }
    for (output, axis) in zip(outputs, batchAxes) where axis != 0 {
      guard self[output].type.hasBatch, self[output].type.dimensions.indices.contains(axis) else {
        throw PexError(
          .malformed, "output '\(self[output].name)' is \(self[output].type), its batch on axis \(axis) of the source")
      }
    }
    try verifyClassifier()
  }

  private func verify(_ node: Node, _ ready: inout Set<ValueID>) throws {
    for input in node.inputs where !ready.contains(input) {
      let name = values.indices.contains(input.index) ? self[input].name : "#\(input.index)"
      throw PexError(.malformed, "reads '\(name)', which is not computed before it")
    }
    let inferred = try node.operation.outputTypes(of: node.inputs.map { self[$0].type })
    guard inferred.count == node.outputs.count else {
      throw PexError(.malformed, "gives \(node.outputs.count) values, expected \(inferred.count)")
    }
    for (output, type) in zip(node.outputs, inferred) {
      guard values.indices.contains(output.index), ready.insert(output).inserted else {
        throw PexError(.malformed, "gives a value that has another source")
      }
      guard self[output].type == type else {
        throw PexError(.malformed, "'\(self[output].name)' is recorded as \(self[output].type), inferred as \(type)")
      }
    }
  }

  private func verifyClassifier() throws {
    guard let classifier else { return }
    guard outputs.contains(classifier.output) else {
      throw PexError(.malformed, "the classifier '\(self[classifier.output].name)' is not an output")
    }
    guard classifier.kind == .none || self[classifier.logits].type.rank == 2 else {
      throw PexError(.malformed, "the logits '\(self[classifier.logits].name)' are not [N,C]")
    }
  }
}
