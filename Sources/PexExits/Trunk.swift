import PexGraph
import PexTensor

/// The part of a graph that the primary output depends on, with what is before what.
///
/// Ancestor sets are bit sets over nodes, so a network of a thousand nodes takes some hundred kilobytes.
struct Trunk {
  let graph: Graph
  /// Positions of the trunk's nodes in the graph, ascending.
  let nodes: [Int]
  /// For every value that a trunk node gives, the bit set of trunk nodes it depends on.
  private(set) var ancestors: [ValueID: BitSet] = [:]
  /// For every value, the trunk nodes that read it, as places in `nodes`.
  private(set) var readers: [ValueID: [Int]] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    nodes = graph.primaryOutput.map { graph.ancestors(of: [$0]).nodes } ?? []
    for (place, index) in nodes.enumerated() {
      let node = graph.nodes[index]
      var set = BitSet(count: nodes.count)
      set.insert(place)
      for input in Set(node.inputs) {
        readers[input, default: []].append(place)
        if let earlier = ancestors[input] { set.formUnion(earlier) }
      }
      for output in node.outputs { ancestors[output] = set }
    }
  }

  /// The values that are computed by `done`, or given as inputs, and still read behind it. Constants do not count.
  func frontier(of done: BitSet) -> Set<ValueID> {
    var result: Set<ValueID> = []
    for (value, places) in readers where graph[value].constant == nil {
      guard ancestors[value].map({ $0.isSubset(of: done) }) ?? true else { continue }
      if places.contains(where: { !done.contains($0) }) { result.insert(value) }
    }
    return result
  }

  /// How many convolutions and matrix products are among the nodes of a set.
  func work(in set: BitSet) -> Int {
    nodes.indices.count { set.contains($0) && graph.nodes[nodes[$0]].operation.isWork }
  }
}

/// A set of small numbers.
struct BitSet: Hashable {
  private var words: [UInt64]

  init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

  mutating func insert(_ number: Int) { words[number / 64] |= 1 << UInt64(number % 64) }

  func contains(_ number: Int) -> Bool { words[number / 64] & (1 << UInt64(number % 64)) != 0 }

  mutating func formUnion(_ other: BitSet) {
    for index in words.indices { words[index] |= other.words[index] }
  }

  func isSubset(of other: BitSet) -> Bool {
    zip(words, other.words).allSatisfy { $0 & ~$1 == 0 }
  }

  /// The number of members.
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
