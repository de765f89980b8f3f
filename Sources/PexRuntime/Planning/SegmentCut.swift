import PexGraph

/// Which nodes each segment computes.
struct SegmentCut {
  /// For each segment, positions in ``Graph/nodes``, ascending. The last one is the tail.
  private(set) var nodes: [[Int]] = []
  /// For each segment, the values that it gives out.
  private(set) var given: [[ValueID]]
  private var segments: [ValueID: Int] = [:]

  /// Cuts at each tap what it needs beyond the taps before it, and at the end what `rest` needs.
  init(_ graph: Graph, taps: [ValueID], rest: [ValueID]) {
    given = taps.map { [$0] } + [rest]
    var done: Set<Int> = []
    for (number, roots) in given.enumerated() {
      let new = graph.ancestors(of: roots).nodes.filter { done.insert($0).inserted }
      for index in new {
        for output in graph.nodes[index].outputs { segments[output] = number }
      }
      nodes.append(new)
    }
  }

  /// The segment that computes a value; -1 for inputs and constants.
  func segment(of value: ValueID) -> Int { segments[value] ?? -1 }
}
