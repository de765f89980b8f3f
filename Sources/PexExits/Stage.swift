import PexGraph
import PexTensor

/// The part of a network between one exit and the next, as a graph of its own.
///
/// What a stage reads is called as in the whole graph: inputs of the network, or what earlier stages give. So whoever runs
/// the stages keeps values by name, and stops behind any of them.
public struct Stage: Sendable {
  /// The exit that it ends with; nil for the last stage, which gives the network's own outputs.
  public let exit: Int?
  /// What it computes: the exit's logits first, then what later stages read, and outputs of the network that are ready.
  public let graph: Graph
}

extension Graph {
  /// Cuts the graph behind every exit. Each node is in the first stage that needs it, none is in two, and nothing that
  /// only later exits need runs before them.
  /// - Parameter exits: numbers and logits, outputs of this graph, in the order in which they are to be computed.
  /// - Returns: a stage an exit, and one for the rest unless nothing is left.
  /// - Throws: ``PexError`` (malformed) when the graph breaks a promise.
  public func stages(at exits: [(exit: Int, logits: ValueID)]) throws -> [Stage] {
    let logits = Set(exits.map(\.logits))
    let own = outputs.filter { !logits.contains($0) }
    let goals: [(exit: Int?, values: [ValueID])] = exits.map { ($0.exit, [$0.logits]) } + [(nil, own)]
    // For every computed value, the stage that computes it; for every value, the stages that read it.
    var source: [ValueID: Int] = [:]
    var lastReader: [ValueID: Int] = [:]
    var taken: Set<Int> = []
    var parts: [[Int]] = []
    for (stage, goal) in goals.enumerated() {
      let part = ancestors(of: goal.values).nodes.filter { taken.insert($0).inserted }
      for index in part {
        for output in nodes[index].outputs { source[output] = stage }
        for input in nodes[index].inputs { lastReader[input] = stage }
      }
      parts.append(part)
    }
    return try goals.enumerated().compactMap { stage, goal in
      let isLast = stage == goals.count - 1
      let given = parts[stage].flatMap { nodes[$0].outputs }
      let handed = given.filter { value in
        !goal.values.contains(value) && (lastReader[value, default: stage] > stage || own.contains(value))
      }
      // What the network gives without computing it belongs to the end.
      let ready = isLast ? own.filter { self[$0].constant != nil } : []
      let results = goal.values.filter(given.contains) + handed + ready
      guard !results.isEmpty else { return nil }
      return Stage(exit: goal.exit, graph: try part(parts[stage], giving: results))
    }
  }

  /// Some nodes as a graph of their own, whose inputs are what they read and do not compute.
  private func part(_ positions: [Int], giving results: [ValueID]) throws -> Graph {
    var part = Graph()
    var numbers: [ValueID: ValueID] = [:]
    let read = Set(positions.flatMap { nodes[$0].inputs } + results)
    let given = Set(positions.flatMap { nodes[$0].outputs })
    let layouts = Dictionary(inputs.map { ($0.value, $0.layout) }, uniquingKeysWith: { first, _ in first })
    for id in read.sorted() where !given.contains(id) {
      let value = self[id]
      numbers[id] =
        if let tensor = value.constant {
          try part.addStoredConstant(value.name, tensor, type: value.type.dtype)
        } else {
          try part.addInput(value.name, value.type, layout: layouts[id] ?? .channelsFirst)
        }
    }
    func number(_ id: ValueID) throws -> ValueID {
      guard let number = numbers[id] else { throw PexError(.malformed, "value '\(self[id].name)' has no source") }
      return number
    }
    for position in positions {
      let node = nodes[position]
      let outputs = try part.addNode(
        node.operation, try node.inputs.map(number), outputs: node.outputs.map { self[$0].name }, name: node.name)
      for (old, new) in zip(node.outputs, outputs) { numbers[old] = new }
    }
    for result in results { part.addOutput(try number(result)) }
    try part.verify()
    return part
  }
}
