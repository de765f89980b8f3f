import PexGraph
import PexHeads
import PexRuntime

/// A network as blocks between exit points, with heads at their taps: what is drawn of it.
struct NetworkOutline {
  /// Where something comes from that a row reads.
  enum Source: Hashable {
    /// A row of the same block, so many in front of it.
    case row(Int)
    /// The tap of a block so many in front.
    case block(Int)
    /// Another value of one.
    case inside(Int)
    /// An input of the network.
    case input
  }

  /// What a step does.
  struct Row: Hashable {
    /// What its nodes compute.
    let words: String
    /// How; nil where nothing was planned.
    let kernel: String?
    /// Extents of what it gives, without the batch.
    let extents: [Int]
    let multiplyAccumulates: Int
    let sources: [Source]
  }

  /// What runs from one exit point to the next.
  struct Block: Hashable {
    let rows: [Row]

    var multiplyAccumulates: Int { rows.reduce(0) { $0 + $1.multiplyAccumulates } }
  }

  /// A head at a tap.
  struct HeadPlace {
    let exit: Int
    let specification: HeadSpecification
    let isTrained: Bool
  }

  /// The blocks in order; the last one is what follows the last exit point.
  let blocks: [Block]
  /// The exit point behind each block but the last.
  let exits: [Int]
  let heads: [HeadPlace]
  let graph: Graph
  /// What kernels were chosen for; nil where nothing was planned.
  let instructionSet: String?
  /// Of the whole network.
  let multiplyAccumulates: Int

  /// - Parameters:
  ///   - points: exit points by depth, each value once.
  ///   - heads: at some of them.
  init(_ graph: Graph, points: [(number: Int, value: ValueID)], heads: [HeadPlace]) {
    self.graph = graph
    self.heads = heads
    exits = points.map(\.number)
    let plan = try? ExecutionPlan(graph: graph, taps: points.map(\.value))
    instructionSet = plan.map { _ in InstructionSet.current.name }
    let steps = plan.map { Self.steps($0, graph) } ?? Self.steps(graph, taps: points.map(\.value))
    blocks = Self.blocks(steps, count: points.count + 1, graph)
    multiplyAccumulates = max(graph.cost().multiplyAccumulates, 1)
  }

  /// A step with the nodes that it computes.
  fileprivate struct Step {
    let nodes: [Node]
    let mnemonic: String
    let kernel: String?
    let block: Int
    let multiplyAccumulates: Int
    let inputs: [ValueID]
    let outputs: [ValueID]
  }

  /// What the planner chose.
  private static func steps(_ plan: ExecutionPlan, _ graph: Graph) -> [Step] {
    let producers = graph.producers()
    return plan.outline.map { step in
      Step(
        nodes: nodes(of: step, graph, producers), mnemonic: step.mnemonic, kernel: step.kernel, block: step.segment,
        multiplyAccumulates: step.multiplyAccumulates, inputs: step.inputs, outputs: step.outputs)
    }
  }

  /// The nodes that a step computes: from what it gives back to its first node, but for what it reads from outside.
  private static func nodes(of step: PlannedStep, _ graph: Graph, _ producers: [ValueID: Int]) -> [Node] {
    let count = step.mnemonic.split(separator: "+").count
    var waiting = step.mnemonic == "reorder" ? [] : step.outputs.compactMap { producers[$0] }
    var found: Set<Int> = []
    while let index = waiting.popLast(), found.count < count {
      guard found.insert(index).inserted, graph.nodes[index].name != step.name else { continue }
      waiting += graph.nodes[index].inputs.filter { !step.inputs.contains($0) }.compactMap { producers[$0] }
    }
    return found.sorted().map { graph.nodes[$0] }
  }

  /// Every node by itself, where nothing can be planned.
  private static func steps(_ graph: Graph, taps: [ValueID]) -> [Step] {
    var blocks: [Int: Int] = [:]
    for (block, tap) in taps.enumerated() {
      for index in graph.ancestors(of: [tap]).nodes where blocks[index] == nil { blocks[index] = block }
    }
    let steps = graph.nodes.enumerated().map { index, node in
      Step(
        nodes: [node], mnemonic: node.operation.mnemonic, kernel: nil, block: blocks[index] ?? taps.count,
        multiplyAccumulates: graph.multiplyAccumulates(of: node), inputs: node.inputs, outputs: node.outputs)
    }
    return (0...taps.count).flatMap { block in steps.filter { $0.block == block } }
  }

  private static func blocks(_ steps: [Step], count: Int, _ graph: Graph) -> [Block] {
    var rows = [[Row]](repeating: [], count: count)
    var places: [ValueID: (block: Int, row: Int)] = [:]
    for step in steps {
      let here = (block: step.block, row: rows[step.block].count)
      var sources: [Source] = []
      for input in step.inputs where graph[input].constant == nil {
        let source = source(places[input], here, isLast: { rows[$0.block].count - 1 == $0.row })
        if !sources.contains(source) { sources.append(source) }
      }
      let output = step.outputs.first
      rows[step.block].append(
        Row(
          words: step.nodes.isEmpty ? step.mnemonic : step.nodes.map { $0.words(in: graph) }.joined(separator: ", "),
          kernel: step.kernel, extents: output.map { Array(graph[$0].type.perSample.dropFirst()) } ?? [],
          multiplyAccumulates: step.multiplyAccumulates, sources: sources))
      for output in step.outputs { places[output] = here }
    }
    return rows.map(Block.init)
  }

  private static func source(
    _ place: (block: Int, row: Int)?, _ here: (block: Int, row: Int), isLast: ((block: Int, row: Int)) -> Bool
  ) -> Source {
    guard let place else { return .input }
    guard place.block < here.block else { return .row(here.row - place.row) }
    return isLast(place) ? .block(here.block - place.block) : .inside(here.block - place.block)
  }
}
