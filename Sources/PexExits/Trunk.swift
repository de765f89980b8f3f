import PexGraph
import PexTensor

/// The part of a graph that its end depends on (see ``TrunkEnd``), with what is before what.
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
  /// For every value that a trunk node gives, the place of that node.
  private let places: [ValueID: Int]
  /// The trunk's convolutions and matrix products.
  private let workers: BitSet
  /// Whether the network classifies; see ``TrunkEnd``.
  let isClassifier: Bool
  /// The end, and the place of the node that gives it, where a head may read it.
  private let tap: (value: ValueID, source: Int)?
  /// What is read and no constant: the place of the node that gives it, nil for inputs, and those that read it.
  private let reads: [(value: ValueID, source: Int?, readers: [Int])]

  init(_ graph: Graph) {
    self.graph = graph
    let end = TrunkEnd(graph)
    isClassifier = end.isClassifier
    nodes = end.value.map { graph.ancestors(of: [$0]).nodes } ?? []
    var workers = BitSet(count: nodes.count)
    var sources: [ValueID: Int] = [:]
    for (place, index) in nodes.enumerated() {
      let node = graph.nodes[index]
      if node.operation.isWork { workers.insert(place) }
      var set = BitSet(count: nodes.count)
      set.insert(place)
      for input in Set(node.inputs) {
        readers[input, default: []].append(place)
        if let earlier = ancestors[input] { set.formUnion(earlier) }
      }
      for output in node.outputs {
        ancestors[output] = set
        sources[output] = place
      }
    }
    self.workers = workers
    places = sources
    tap = end.isTap ? end.value.flatMap { value in sources[value].map { (value, $0) } } : nil
    reads = readers.filter { graph[$0.key].constant == nil }
      .map { (value: $0.key, source: sources[$0.key], readers: $0.value) }
  }

  /// The values that are computed by `done`, or given as inputs that `done` reads, and still read behind it; nil when
  /// there are more than two. Constants do not count, nor do inputs that join late: nobody has computed them before.
  /// `done` holds every ancestor of its members.
  func frontier(of done: BitSet) -> Set<ValueID>? {
    var result: Set<ValueID> = []
    if let tap, done.contains(tap.source) { result.insert(tap.value) }
    for read in reads where read.source.map(done.contains) ?? read.readers.contains(where: done.contains) {
      guard read.readers.contains(where: { !done.contains($0) }) else { continue }
      result.insert(read.value)
      if result.count > 2 { return nil }
    }
    return result
  }

  /// Whether a value is what the network itself answers with: its last work gives it, moved or as probabilities, and behind
  /// it stands nothing but the graph's end. Features end in an activation or a sum.
  func isAnswer(_ value: ValueID) -> Bool {
    guard let own = ancestors[value], work(in: own) == workers.count, nodes.last.map(givesOutput) ?? false else {
      return false
    }
    var value = value
    while let place = places[value] {
      let node = graph.nodes[nodes[place]]
      switch node.operation {
      case .reshape, .transpose, .identity, .softmax: break
      case .unary(let unary) where unary.kind == .sigmoid: break
      default: return node.operation.isWork
      }
      value = node.inputs[0]
    }
    return false
  }

  private func givesOutput(_ index: Int) -> Bool { graph.nodes[index].outputs.contains(where: graph.outputs.contains) }

  /// How many convolutions and matrix products are among the nodes of a set.
  func work(in set: BitSet) -> Int { set.intersectionCount(workers) }
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

  /// How many members both sets have.
  func intersectionCount(_ other: BitSet) -> Int {
    zip(words, other.words).reduce(0) { $0 + ($1.0 & $1.1).nonzeroBitCount }
  }

  /// The number of members.
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
