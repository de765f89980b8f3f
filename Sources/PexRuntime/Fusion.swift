import PexGraph
import PexTensor

/// Nodes that are computed together because the values between them concern nobody else.
///
/// What is computed is the same arithmetic in the same order as one by one: `first`, then the residual added, then the
/// bounds. So whether a value between them is tapped never changes a byte.
struct StepGroup {
  /// Positions in ``Graph/nodes``, ascending.
  var nodes: [Int]
  /// The value that is added to what the first node gives.
  var residual: ValueID?
  /// Limits on the result.
  var bounds = Bounds.none
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
    /// Limit its results.
    static let bounds = Abilities(rawValue: 1)
    /// Add a value of the output's type.
    static let residual = Abilities(rawValue: 2)
  }

  /// The groups of the given nodes, each standing where its last node stands.
  func groups(of nodes: [Int]) -> [StepGroup] {
    let segment = Set(nodes)
    var taken: Set<Int> = []
    var groups: [StepGroup] = []
    for index in nodes where !taken.contains(index) {
      var group = StepGroup(nodes: [index])
      let abilities = abilities(graph.nodes[index])
      if abilities.contains(.residual) { addResidual(to: &group, segment, taken) }
      if abilities.contains(.bounds) { addBounds(to: &group, segment, taken) }
      taken.formUnion(group.nodes)
      groups.append(group)
    }
    return groups.sorted { ($0.nodes.last ?? 0) < ($1.nodes.last ?? 0) }
  }

  /// The only reader of what the group gives, when the value between them can be left out.
  private func follower(of group: StepGroup, _ segment: Set<Int>, _ taken: Set<Int>) -> (index: Int, value: ValueID)? {
    guard let last = group.nodes.last, graph.nodes[last].outputs.count == 1,
      let value = graph.nodes[last].outputs.first,
      !kept.contains(value), let readers = consumers[value], readers.count == 1, let reader = readers.first,
      segment.contains(reader), !taken.contains(reader)
    else { return nil }
    return (reader, value)
  }

  private func addResidual(to group: inout StepGroup, _ segment: Set<Int>, _ taken: Set<Int>) {
    guard let (index, value) = follower(of: group, segment, taken),
      case .binary(let binary) = graph.nodes[index].operation, binary.kind == .add,
      let other = graph.nodes[index].inputs.first(where: { $0 != value }), graph[other].type == graph[value].type
    else { return }
    group.residual = other
    group.nodes.append(index)
  }

  private func addBounds(to group: inout StepGroup, _ segment: Set<Int>, _ taken: Set<Int>) {
    guard let (index, _) = follower(of: group, segment, taken),
      case .unary(let unary) = graph.nodes[index].operation, let bounds = Bounds.of(unary.kind)
    else { return }
    group.bounds = bounds
    group.nodes.append(index)
  }
}
