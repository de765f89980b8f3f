import CPexKernels
import PexGraph
import PexTensor

/// Chooses how each group of nodes is computed. The choice depends on shapes and the instruction set alone.
struct StepFactory {
  let graph: Graph
  let isa: InstructionSet
  /// For every value that is another one under new extents, the value that owns the memory.
  let roots: [ValueID: ValueID]

  /// The value in whose memory `id` lies.
  func root(_ id: ValueID) -> ValueID { roots[id] ?? id }

  /// The constant that `id` is, or is under other extents.
  func constant(_ id: ValueID) -> ValueID? { graph[root(id)].constant == nil ? nil : root(id) }

  /// Extents for one sample.
  func extents(_ id: ValueID) -> [Int] { graph[id].type.perSample }

  /// The number of elements for one sample. Types have been checked: the product fits.
  func count(_ id: ValueID) -> Int { extents(id).reduce(1, *) }

  /// What the kernel of a node can do besides.
  func abilities(_ node: Node) -> Fusion.Abilities {
    guard let choice = try? choose(StepGroup(nodes: []), node) else { return [] }
    return choice.abilities
  }

  /// The step of a group.
  /// - Throws: ``PexError`` (unsupported) when a value is not float32.
  func step(_ group: StepGroup) throws -> Step {
    guard let first = group.nodes.first.map({ graph.nodes[$0] }), let last = group.nodes.last.map({ graph.nodes[$0] })
    else { throw PexError(.defect, "a step without nodes") }
    return try naming("node '\(first.name)'") {
      for id in first.inputs + last.outputs where graph[id].type.dtype != .float32 {
        throw PexError(.unsupported, "'\(graph[id].name)' is \(graph[id].type): only f32 is computed with")
      }
      let choice = try choose(group, first)
      return Step(
        name: first.name, mnemonic: group.nodes.map { graph.nodes[$0].operation.mnemonic }.joined(separator: "+"),
        multiplyAccumulates: group.nodes.map { graph.multiplyAccumulates(of: graph.nodes[$0]) }.max() ?? 0,
        inputs: (choice.inputs + [group.residual].compactMap { $0 }).map(root), outputs: last.outputs,
        kernel: choice.kernel)
    }
  }

  /// A kernel, the values that it reads during a run, and what it can do besides.
  struct Choice {
    var kernel: any StepKernel
    var inputs: [ValueID]
    var abilities: Fusion.Abilities = []
  }

  private func choose(_ group: StepGroup, _ node: Node) throws -> Choice {
    let filled = (node.inputs + node.outputs).allSatisfy { !extents($0).contains(0) }
    return try (filled ? fast(group, node) : nil) ?? reference(node)
  }

  private func fast(_ group: StepGroup, _ node: Node) throws -> Choice? {
    switch node.operation {
    case .convolution(let payload): try convolution(payload, group, node)
    case .pooling(let payload): try pooling(payload, node)
    case .globalPooling(let payload):
      reduction(payload.kind == .average ? pex_take_average : pex_take_maximum, from: 2, node)
    case .batchNormalization(let payload): batchNormalization(payload, group, node)
    case .linear: linear(group, node)
    case .unary(let payload): unary(payload, node)
    case .binary(let payload): binary(payload, group, node)
    case .concat(let payload): concat(payload, node)
    case .transpose(let payload): transpose(payload, node)
    case .reduce(let payload): reduce(payload, node)
    case .pad(let payload): pad(payload, node)
    case .softmax, .reshape, .identity: nil
    }
  }

  /// The plain interpreter, for what has no kernel.
  private func reference(_ node: Node) -> Choice {
    Choice(
      kernel: ReferenceStep(
        operation: node.operation, inputs: node.inputs.map(extents), outputs: node.outputs.map(count)),
      inputs: node.inputs)
  }
}
