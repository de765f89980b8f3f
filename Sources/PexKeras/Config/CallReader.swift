import PexTensor

/// Reads where layers are called, in the forms of all versions: lists of `[layer, call, output, keywords]` up to Keras 2,
/// arguments with tensors in them since Keras 3.
struct CallReader {
  /// The layers' names: a list is only a tensor when it starts with one.
  let names: Set<String>

  /// The calls of one layer.
  /// - Throws: ``PexError`` (malformed) when they are written in no known form.
  func calls(_ value: ConfigValue?) throws -> [LayerConfig.Call] {
    guard let value, !value.isNull else { return [] }
    guard let list = value.list else { throw PexError(.malformed, "inbound_nodes: expected a list, found \(value)") }
    return try list.map { node in
      if let arguments = node["args"]?.list {
        let keywords = node["kwargs"]?.object ?? [:]
        return LayerConfig.Call(
          arguments: try arguments.map(argument), keywords: try keywords.mapValues(argument))
      }
      return try positional(node)
    }
  }

  /// Tensors by name, in order, however they are grouped.
  /// - Throws: ``PexError`` (malformed) when something else is among them.
  func references(_ value: ConfigValue?) throws -> [LayerConfig.Reference] {
    guard let value else { return [] }
    if let reference = reference(value) { return [reference] }
    if let list = value.list { return try list.flatMap { try references($0) } }
    // Outputs in a dictionary are ordered by their keys.
    if let members = value.object { return try members.sorted { $0.key < $1.key }.flatMap { try references($0.value) } }
    throw PexError(.malformed, "expected [layer, call, output], found \(value)")
  }

  private func positional(_ node: ConfigValue) throws -> LayerConfig.Call {
    // A call of one tensor may stand without the list around it.
    let items = node.list?.first?.text == nil ? node.list ?? [] : [node]
    let arguments = try items.map { item -> LayerConfig.Argument in
      guard let parts = item.list, parts.count >= 3 else {
        throw PexError(.malformed, "inbound_nodes: expected [layer, call, output], found \(item)")
      }
      if parts[0].text == "_CONSTANT_VALUE" { return .value(parts[2]) }
      guard let reference = reference(.list(Array(parts.prefix(3)))) else {
        throw PexError(.malformed, "inbound_nodes: expected [layer, call, output], found \(item)")
      }
      return .tensor(reference)
    }
    let keywords = items.first?.list.flatMap { $0.count > 3 ? $0[3].object : nil } ?? [:]
    return LayerConfig.Call(
      arguments: arguments.count > 1 ? [.list(arguments)] : arguments, keywords: try keywords.mapValues(argument))
  }

  private func argument(_ value: ConfigValue) throws -> LayerConfig.Argument {
    if value["class_name"]?.text == "__keras_tensor__" {
      guard let reference = value["config"]?["keras_history"].flatMap(reference) else {
        throw PexError(.malformed, "a tensor has no 'keras_history'")
      }
      return .tensor(reference)
    }
    if let reference = reference(value), names.contains(reference.layer) { return .tensor(reference) }
    if let parts = value.list {
      if parts.count == 3, parts[0].text == "_CONSTANT_VALUE" { return .value(parts[2]) }
      let arguments = try parts.map(argument)
      return arguments.allSatisfy(\.references.isEmpty) ? .value(value) : .list(arguments)
    }
    return .value(value)
  }

  private func reference(_ value: ConfigValue) -> LayerConfig.Reference? {
    guard let parts = value.list, parts.count == 3, let layer = parts[0].text, let call = parts[1].integer,
      let output = parts[2].integer, call >= 0, output >= 0
    else { return nil }
    return LayerConfig.Reference(layer: layer, call: call, output: output)
  }
}
