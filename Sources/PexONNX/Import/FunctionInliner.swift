import PexTensor

/// Puts the body of every function that a model defines in the place of the nodes that call it, so that what comes after
/// sees operators only. Names inside a body get the calling node's name in front.
///
///     mine.Block(x) -> y             with   Block(a) -> b: t = Relu(a); b = Exp(t)
///     Relu(x) -> Block_0/t
///     Exp(Block_0/t) -> y
struct FunctionInliner {
  /// Calls within calls, and graphs within nodes among them.
  private static let depthLimit = 64

  private let functions: [ONNXFunction.Key: ONNXFunction]
  private let taken: TakenNames
  private var calls: [ONNXFunction.Key] = []

  /// The model without calls of its functions.
  /// - Throws: ``PexError`` (malformed) naming a function that is there twice, calls itself or reads what it does not
  ///   have; (unsupported) when the model would become too large.
  static func inline(_ model: ONNXModel) throws -> ONNXModel {
    guard !model.functions.isEmpty else { return model }
    var inliner = try FunctionInliner(model)
    var result = model
    result.graph = try inliner.expand(model.graph, depth: 0)
    return result
  }

  private init(_ model: ONNXModel) throws {
    var functions: [ONNXFunction.Key: ONNXFunction] = [:]
    for function in model.functions {
      guard functions.updateValue(function, forKey: function.key) == nil else {
        throw PexError(.malformed, "function '\(function.key)' is defined twice")
      }
    }
    self.functions = functions
    taken = TakenNames(model.graph.allNames)
  }

  private mutating func expand(_ graph: ONNXGraph, depth: Int) throws -> ONNXGraph {
    var result = graph
    result.nodes = try expand(graph.nodes, depth: depth)
    return result
  }

  private mutating func expand(_ nodes: [ONNXNode], depth: Int) throws -> [ONNXNode] {
    guard depth <= Self.depthLimit else {
      throw PexError(.unsupported, "functions and graphs are nested more than \(Self.depthLimit) deep")
    }
    var result: [ONNXNode] = []
    for var node in nodes {
      if !calls.isEmpty { try taken.count(node) }
      let key = ONNXFunction.Key(domain: node.domain, name: node.op, overload: node.overload)
      if let function = functions[key] {
        result += try naming("node '\(node.name)' (\(key))") { try call(function, node, depth: depth) }
        continue
      }
      for index in node.attributes.indices {
        guard case .graph(let graph) = node.attributes[index].value else { continue }
        node.attributes[index].value = .graph(try expand(graph, depth: depth + 1))
      }
      result.append(node)
    }
    return result
  }

  private mutating func call(_ function: ONNXFunction, _ node: ONNXNode, depth: Int) throws -> [ONNXNode] {
    if let first = calls.firstIndex(of: function.key) {
      let ring = (calls[first...] + [function.key]).map(\.description).joined(separator: " calls ")
      throw PexError(.malformed, "a function calls itself: \(ring)")
    }
    calls.append(function.key)
    defer { calls.removeLast() }
    return try expand(try body(of: function, for: node), depth: depth + 1)
  }

  /// The nodes of a function as one call needs them.
  private mutating func body(of function: ONNXFunction, for node: ONNXNode) throws -> [ONNXNode] {
    for (count, what, declared) in [
      (node.inputs.count, "inputs", function.inputs.count), (node.outputs.count, "outputs", function.outputs.count),
    ] where count > declared {
      throw PexError(.malformed, "the node has \(count) \(what), the function \(declared)")
    }
    // A node without a name of its own has the function's already.
    let isNamed = node.name.split(separator: "/").last?.hasPrefix(function.key.name) ?? false
    let prefix = isNamed ? node.name : "\(node.name)/\(function.key.name)"
    let scope = NameScope()
    for (index, name) in function.inputs.enumerated() {
      scope.define(name, as: index < node.inputs.count ? node.inputs[index] : "")
    }
    // An output that hands on an input or another output is given by a node of its own.
    var handedOn: [(from: String, to: String)] = []
    for (name, output) in zip(function.outputs, node.outputs) where !output.isEmpty {
      if scope.defines(name) { handedOn.append((name, output)) } else { scope.define(name, as: output) }
    }
    let copy = GraphCopy(prefix: prefix, attributes: Self.attributes(of: function, for: node), taken: taken)
    try copy.define(outputsOf: function.nodes, in: scope)
    let opset = function.opsets[""] ?? node.opset
    var result = try function.nodes.map { inner in
      var inner = try copy.node(inner, scope)
      inner.opset = opset
      return inner
    }
    for (from, to) in handedOn {
      result.append(
        ONNXNode(
          name: "\(prefix)/\(to)", op: "Identity", domain: "", inputs: [scope.name(of: from) ?? ""], outputs: [to],
          attributes: [], opset: opset))
    }
    return result
  }

  private static func attributes(of function: ONNXFunction, for node: ONNXNode) -> [String: ONNXAttribute.Value] {
    let defaults = function.defaults.map { ($0.name, $0.value) }
    let given = node.attributes.map { ($0.name, $0.value) }
    return Dictionary(defaults + given, uniquingKeysWith: { $1 })
  }
}

extension ONNXFunction.Key: CustomStringConvertible {
  var description: String {
    (domain.isEmpty ? "" : "\(domain).") + name + (overload.isEmpty ? "" : ":\(overload)")
  }
}
