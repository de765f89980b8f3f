/// What the names inside a graph are called where it is put: names of its own first, then those around it.
final class NameScope {
  private let outer: NameScope?
  private var names: [String: String] = [:]

  /// A scope within `outer`, which it sees through.
  init(within outer: NameScope? = nil) { self.outer = outer }

  /// What `name` is called, or nil when nothing here or around has that name.
  func name(of name: String) -> String? {
    var scope: NameScope? = self
    while let current = scope {
      if let found = current.names[name] { return found }
      scope = current.outer
    }
    return nil
  }

  /// Says what a name of this graph is called.
  /// - Returns: whether it had no name before.
  @discardableResult
  func define(_ name: String, as new: String) -> Bool { names.updateValue(new, forKey: name) == nil }

  /// Whether the name was defined here, not around.
  func defines(_ name: String) -> Bool { names[name] != nil }
}

extension ONNXGraph {
  /// Names that the graph defines itself: of inputs, of stored tensors and of what its nodes give.
  var definedNames: [String] {
    inputs.map(\.name) + initializers.map(\.name) + nodes.flatMap(\.outputs).filter { !$0.isEmpty }
  }

  /// Names that the graph or one inside it reads from outside.
  var capturedNames: Set<String> {
    var read = Set(outputs.map(\.name))
    for node in nodes { read.formUnion(node.readNames) }
    read.subtract(definedNames)
    return read
  }

  /// Every name that is defined here or in a graph inside.
  var allNames: Set<String> {
    nodes.flatMap(\.graphs).reduce(into: Set(definedNames)) { $0.formUnion($1.allNames) }
  }
}

extension ONNXNode {
  /// Graphs among the attributes.
  var graphs: [ONNXGraph] {
    attributes.compactMap { attribute in
      if case .graph(let graph) = attribute.value { graph } else { nil }
    }
  }

  /// Names that the node reads, in a fixed order: its inputs, and what its graphs read from outside.
  var readNames: [String] { inputs.filter { !$0.isEmpty } + graphs.flatMap { $0.capturedNames.sorted() } }

  /// Its branches in alphabetical order when it is an `If`, else nil. Of these one is taken on import.
  var branches: [ONNXGraph]? {
    guard op == "If", domain.isEmpty else { return nil }
    return graphs
  }
}
