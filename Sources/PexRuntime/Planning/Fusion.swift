import PexGraph
import PexTensor

/// Nodes that are computed together because the values between them concern nobody else.
///
/// What is computed is the same arithmetic in the same order as one by one: `first`, then the residual added, then the
/// activation. So whether a value between them is tapped never changes a byte.
struct StepGroup {
  /// Positions in ``Graph/nodes``, ascending.
  var nodes: [Int]
  /// The value that is added to what the first node gives.
  var residual: ValueID?
  /// A function of the result.
  var activation = Activation.none
  /// Zeros around what the first node reads, which its window then reaches over: a node that is not computed by itself.
  var padding: Int?
}

/// Finds the groups of nodes of one segment.
struct Fusion {
  let graph: Graph
  /// For every value, the needed nodes that read it.
  let consumers: [ValueID: [Int]]
  /// Values that must exist in memory.
  let kept: Set<ValueID>
  /// What the first node of a group can do besides its own work.
  let abilities: (Node) -> Abilities

  /// What a kernel can do on the way.
  struct Abilities: OptionSet {
    let rawValue: Int
    /// Apply a function to its results.
    static let activation = Abilities(rawValue: 1)
    /// Add a value of the output's type.
    static let residual = Abilities(rawValue: 2)
    /// Reach over the edges of what it reads as if zeros lay there, in the order of sums that it has anyway.
    static let padding = Abilities(rawValue: 4)
  }

  /// The groups of the given nodes, each standing where its last node stands.
  func groups(of nodes: [Int]) -> [StepGroup] {
    let segment = Set(nodes)
    let paddings = paddings(in: segment)
    var taken = Set(paddings.values)
    var groups: [StepGroup] = []
    for index in nodes where !taken.contains(index) {
      var group = StepGroup(nodes: [index])
      group.padding = paddings[index]
      let abilities = abilities(graph.nodes[index])
      if abilities.contains(.residual) { addResidual(to: &group, segment, taken) }
      if abilities.contains(.activation), !addGate(to: &group, segment, taken) {
        addActivation(to: &group, segment, taken)
      }
      taken.formUnion(group.nodes)
      groups.append(group)
    }
    return groups.sorted { ($0.nodes.last ?? 0) < ($1.nodes.last ?? 0) }
  }

  /// For nodes that can reach over edges, the padding in front that nobody else reads.
  private func paddings(in segment: Set<Int>) -> [Int: Int] {
    var paddings: [Int: Int] = [:]
    for index in segment {
      guard case .pad(let pad) = graph.nodes[index].operation, pad.value == 0,
        let padded = graph.nodes[index].outputs.first,
        !kept.contains(padded), let reader = consumers[padded]?.first, consumers[padded]?.count == 1,
        segment.contains(reader), graph.nodes[reader].inputs.first == padded,
        !graph.nodes[reader].inputs.dropFirst().contains(padded), pad.before.prefix(2).allSatisfy({ $0 == 0 }),
        pad.after.prefix(2).allSatisfy({ $0 == 0 }), abilities(graph.nodes[reader]).contains(.padding)
      else { continue }
      paddings[reader] = index
    }
    return paddings
  }

  /// What the group gives, and its readers, when that value can be left out.
  private func readers(of group: StepGroup, _ segment: Set<Int>, _ taken: Set<Int>) -> (value: ValueID, nodes: [Int])? {
    guard let last = group.nodes.last, graph.nodes[last].outputs.count == 1,
      let value = graph.nodes[last].outputs.first, !kept.contains(value), let readers = consumers[value],
      readers.allSatisfy({ segment.contains($0) && !taken.contains($0) })
    else { return nil }
    return (value, readers)
  }

  private func addResidual(to group: inout StepGroup, _ segment: Set<Int>, _ taken: Set<Int>) {
    guard let (value, readers) = readers(of: group, segment, taken), readers.count == 1,
      case .binary(let binary) = graph.nodes[readers[0]].operation, binary.kind == .add,
      let other = graph.nodes[readers[0]].inputs.first(where: { $0 != value }), graph[other].type == graph[value].type
    else { return }
    group.residual = other
    group.nodes.append(readers[0])
  }

  private func addActivation(to group: inout StepGroup, _ segment: Set<Int>, _ taken: Set<Int>) {
    guard let (_, readers) = readers(of: group, segment, taken), readers.count == 1,
      case .unary(let unary) = graph.nodes[readers[0]].operation, let activation = Activation(unary.kind)
    else { return }
    group.activation = activation
    group.nodes.append(readers[0])
  }

  /// A function of the result and its product with the result: how swish and hard swish come out of many exporters.
  private func addGate(to group: inout StepGroup, _ segment: Set<Int>, _ taken: Set<Int>) -> Bool {
    guard let (value, readers) = readers(of: group, segment, taken), readers.count == 2,
      let gate = readers.first(where: { graph.nodes[$0].inputs == [value] }),
      let product = readers.first(where: { $0 != gate }),
      case .unary(let unary) = graph.nodes[gate].operation, let activation = Activation(gate: unary.kind),
      case .binary(let binary) = graph.nodes[product].operation, binary.kind == .multiply,
      let gated = graph.nodes[gate].outputs.first, !kept.contains(gated), consumers[gated] == [product],
      Set(graph.nodes[product].inputs) == [value, gated]
    else { return false }
    group.activation = activation
    group.nodes += [gate, product].sorted()
    return true
  }
}
