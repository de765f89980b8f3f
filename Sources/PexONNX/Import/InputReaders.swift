import PexTensor

/// What a model does with its inputs first.
struct InputReaders {
  private let outline: ModelOutline
  private let nodes: [String: [ONNXNode]]
  private let outputs: Set<String>
  /// Numbers that are stored.
  private let stored: Set<String>

  init(_ outline: ModelOutline) {
    self.outline = outline
    var nodes: [String: [ONNXNode]] = [:]
    for node in outline.nodes {
      for name in Set(node.readNames) { nodes[name, default: []].append(node) }
    }
    self.nodes = nodes
    outputs = Set(outline.model.graph.outputs.map(\.name))
    stored = Set(outline.nodes.filter { $0.op == "Constant" }.flatMap(\.outputs)).union(outline.initializers.keys)
  }

  /// How far a value is followed.
  private static let longestWay = 64

  /// The first node that computes with an input's integers, rather than casting them to floating-point numbers, moving
  /// them or asking for their number; nil when there is none.
  func firstIntegerReader(of name: String) -> ONNXNode? {
    var pending = [name]
    var seen: Set<String> = []
    while let name = pending.popLast() {
      guard seen.insert(name).inserted else { continue }
      for node in nodes[name] ?? [] {
        switch Self.use(of: name, by: node) {
        case .asNumbers: continue
        case .moved: pending += node.outputs.prefix(1)
        case .asIntegers: return node
        }
      }
      if outputs.contains(name), let node = outline.nodes.first(where: { $0.outputs.contains(name) }) { return node }
    }
    return nil
  }

  /// The first value that is made of floating-point numbers out of an input's integers: a cast, or rows of a stored table.
  func firstNumbers(behind name: String) -> String? {
    var integers: Set<String> = [name]
    for node in outline.nodes where node.readNames.contains(where: integers.contains) {
      let isTable =
        node.op == "Gather" && node.inputs.count > 1 && integers.contains(node.inputs[1])
        && outline.initializers[node.inputs[0]].flatMap { try? ElementType(code: $0.elementType) }?.dtype?.isFloat
          == true
      if node.op == "Cast" && Self.castsToFloat(node) || isTable { return node.outputs.first }
      integers.formUnion(node.outputs)
    }
    return nil
  }

  private enum Use { case asNumbers, moved, asIntegers }

  private static func use(of name: String, by node: ONNXNode) -> Use {
    guard node.domain.isEmpty, node.graphs.isEmpty, node.inputs.dropFirst().allSatisfy({ $0 != name }) else {
      return .asIntegers
    }
    switch node.op {
    case "Shape", "Size", "DequantizeLinear": return .asNumbers
    case "Cast": return castsToFloat(node) ? .asNumbers : .asIntegers
    case "Transpose", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice": return .moved
    default: return .asIntegers
    }
  }

  private static func castsToFloat(_ node: ONNXNode) -> Bool {
    switch node.attributes.first(where: { $0.name == "to" })?.value {
    case .integer(let code): (try? ElementType(code: code))?.dtype?.isFloat ?? false
    case .string(let name): ["FLOAT", "DOUBLE", "FLOAT16"].contains(name.uppercased())
    default: false
    }
  }

  /// Whether all that is done with a value `[N, H, W, C]` is that its channels are moved to the front, be it behind
  /// arithmetic of every number with stored ones.
  /// - Parameter isGray: whether there is one channel, of which a reshaping does the same.
  func isTransposed(_ name: String, isGray: Bool) -> Bool {
    var (pending, steps) = ([name], 0)
    while let name = pending.popLast() {
      steps += 1
      let readers = (nodes[name] ?? []).filter { $0.op != "Shape" }
      guard steps <= Self.longestWay, !readers.isEmpty, !outputs.contains(name) else { return false }
      for node in readers where !movesChannels(node, isGray: isGray) {
        guard keepsPlaces(node, of: name), let output = node.outputs.first else { return false }
        pending.append(output)
      }
    }
    return true
  }

  private func movesChannels(_ node: ONNXNode, isGray: Bool) -> Bool {
    guard node.domain.isEmpty else { return false }
    switch node.op {
    case "Transpose":
      if case .integers([0, 3, 1, 2])? = node.attributes.first(where: { $0.name == "perm" })?.value { return true }
      return false
    case "Reshape":
      // tf2onnx writes the transposition of one channel so.
      guard isGray, node.inputs.count == 2, let target = outline.initializers[node.inputs[1]] else { return false }
      return target.dims == [4] && (target.int64s.isEmpty || target.int64s.count == 4 && target.int64s[1] == 1)
    default: return false
    }
  }

  /// Whether every number stays where it is.
  private func keepsPlaces(_ node: ONNXNode, of name: String) -> Bool {
    guard node.domain.isEmpty, node.graphs.isEmpty else { return false }
    switch node.op {
    case "Cast", "Identity", "Clip", "Neg", "DequantizeLinear": return node.inputs.first == name
    case "Add", "Sub", "Mul", "Div":
      return node.inputs.allSatisfy { $0 == name || stored.contains($0) }
    default: return false
    }
  }
}
