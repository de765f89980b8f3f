import CPexKernels
import PexGraph
import PexTensor

/// Chooses how each group of nodes is computed. What is computed depends on shapes and the instruction set alone; only
/// where no arithmetic depends on it does a step take the layout that is there.
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

  /// A value as samples of channels of pixels, when it can be blocked.
  func map(_ id: ValueID) -> MapExtents? { MapExtents(extents(id)) }

  /// A value in its row-major layout.
  func plain(_ id: ValueID) -> Stored { Stored(root(id), .plain) }

  /// A value in blocks of channels. Where that is the same as plain, it is called plain.
  func blocked(_ id: ValueID) -> Stored {
    guard let map = map(id), !map.isSameInBothLayouts(isa.lanes) else { return plain(id) }
    return Stored(extents(root(id)) == extents(id) ? root(id) : id, .blocked)
  }

  /// What the kernel of a node can do besides.
  func abilities(_ node: Node) -> Fusion.Abilities {
    guard let choice = try? choose(StepGroup(nodes: []), node, made: []) else { return [] }
    return choice.abilities
  }

  /// The step of a group.
  /// - Parameter made: what the steps before it give, and the inputs.
  /// - Throws: ``PexError`` (unsupported) when a value is not float32.
  func step(_ group: StepGroup, made: Set<Stored>) throws -> Step {
    guard let first = group.nodes.first.map({ graph.nodes[$0] }), let last = group.nodes.last.map({ graph.nodes[$0] })
    else { throw PexError(.defect, "a step without nodes") }
    return try naming("node '\(first.name)'") {
      // Positions are whole numbers that f32 holds exactly; nothing reads them within a graph.
      let positions = if case .argMax = last.operation { Set(last.outputs) } else { Set<ValueID>() }
      for id in first.inputs + last.outputs where graph[id].type.dtype != .float32 && !positions.contains(id) {
        throw PexError(.unsupported, "'\(graph[id].name)' is \(graph[id].type): only f32 is computed with")
      }
      let choice = try choose(group, first, made: made)
      func placed(_ id: ValueID) -> Stored { choice.output == .blocked ? blocked(id) : plain(id) }
      return Step(
        name: first.name,
        mnemonic: ([group.padding].compactMap(\.self) + group.nodes).map { graph.nodes[$0].operation.mnemonic }.joined(
          separator: "+"),
        multiplyAccumulates: group.nodes.map { graph.multiplyAccumulates(of: graph.nodes[$0]) }.max() ?? 0,
        inputs: choice.inputs + [group.residual].compactMap { $0 }.map(placed), outputs: last.outputs.map(placed),
        kernel: choice.kernel)
    }
  }

  /// The step that makes a value in the layout that is wanted from the one that is there.
  /// - Throws: ``PexError`` (defect) when there is no other layout.
  func reorder(to wanted: Stored) throws -> Step {
    let value = graph[wanted.value]
    guard let map = map(wanted.value) else { throw PexError(.defect, "'\(value.name)' has no other layout") }
    let source = wanted.layout == .plain ? Stored(wanted.value, .blocked) : plain(wanted.value)
    return Step(
      name: value.name, mnemonic: "reorder", multiplyAccumulates: 0, inputs: [source], outputs: [wanted],
      kernel: ReorderStep(map: map, to: wanted.layout, isa: isa))
  }

  /// A kernel, what it reads during a run, how its result lies in memory, and what it can do besides.
  struct Choice {
    var kernel: any StepKernel
    var inputs: [Stored]
    var output: Layout
    var abilities: Fusion.Abilities = []
  }

  private func choose(_ group: StepGroup, _ node: Node, made: Set<Stored>) throws -> Choice {
    let filled = (node.inputs + node.outputs).allSatisfy { !extents($0).contains(0) }
    return try (filled ? fast(group, node, made) : nil) ?? reference(node)
  }

  private func fast(_ group: StepGroup, _ node: Node, _ made: Set<Stored>) throws -> Choice? {
    switch node.operation {
    case .convolution(let payload): try convolution(payload, group, node)
    case .integerConvolution(let payload): try convolution(payload.convolution, group, node, isExact: true)
    case .pooling(let payload): try pooling(payload, node)
    case .globalPooling(let payload):
      reductionOfPixels(payload.kind == .average ? pex_take_average : pex_take_maximum, node)
    case .batchNormalization(let payload): batchNormalization(payload, group, node, made)
    case .linear: linear(group, node)
    case .unary(let payload): unary(payload, node, made)
    case .binary(let payload): binary(payload, group, node, made)
    case .concat(let payload): concat(payload, node, made)
    case .transpose(let payload): transpose(payload, node)
    case .reduce(let payload): reduce(payload, node)
    case .pad(let payload): pad(payload, node)
    case .softmax(let payload): softmax(payload, node)
    case .slice(let payload): selection(payload, node)
    case .gather(let payload): selection(payload, node)
    case .tile(let payload): selection(payload, node)
    case .resize(let payload): resize(payload, node)
    case .matrixProduct: matrixProduct(group, node)
    case .standardization(let payload): standardization(payload, node)
    case .recurrent(let payload): recurrent(payload, node)
    case .transposedConvolution, .lpPooling, .localResponseNormalization, .argMax, .choice, .reshape, .identity:
      nil
    }
  }

  /// The plain interpreter, for what has no kernel.
  private func reference(_ node: Node) -> Choice {
    Choice(
      kernel: ReferenceStep(
        operation: node.operation, inputs: node.inputs.map(extents), outputs: node.outputs.map(count)),
      inputs: node.inputs.map(plain), output: .plain)
  }
}
