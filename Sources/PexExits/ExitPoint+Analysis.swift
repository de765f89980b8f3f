import PexGraph
import PexTensor

extension ExitPoint {
  /// Finds the exit points of a canonical graph, on any acyclic network.
  ///
  /// A *cut* is a feature map behind which nothing else is read that was computed before it, so a residual block or a
  /// dense block gives one each. Where every cell reads its two predecessors no such value exists, and a feature map
  /// also counts when only it and the exit point before it are still read *and* that pair slides: the older one is
  /// dropped by a later such value while the newer one stays. (The inside of a residual block never slides, because
  /// the block's own input is read until the block ends.)
  ///
  /// Where a transposition has put the channels on another axis, a map is none that a head can read: the value in front is.
  ///
  /// Between two exit points stands at least one convolution or matrix product. Of several cuts behind the same work,
  /// the first that is read more than once, by something behind the last of them, counts, else the last. What a padding gives never counts: it says no more than
  /// the map that it surrounds, and a window reaches over the edge of that without a copy. The global pool and everything behind it never
  /// counts.
  ///
  /// A network that classifies nothing has its exits in front of where it begins to decode; see ``TrunkEnd``.
  ///
  /// - Returns: the points by depth, numbered from 1; none when the network has no feature maps.
  public static func all(in graph: Graph) -> [ExitPoint] {
    let trunk = Trunk(graph)
    var cuts = grouped(Cut.all(in: trunk), in: trunk)
    if !trunk.isClassifier {
      // What a detector or segmenter answers with is a map of few channels at the end, or one that nothing follows.
      func channels(_ cut: Cut) -> Int { graph[cut.value].type.featureMap?.channels ?? 0 }
      let widest = cuts.map(channels).max() ?? 0
      while let last = cuts.last, !TrunkEnd.isWide(channels(last), beside: widest) { cuts.removeLast() }
      if cuts.count > 1, let last = cuts.last, trunk.isAnswer(last.value) { cuts.removeLast() }
    }
    return zip(cuts, costs(of: cuts, in: trunk)).enumerated().map { index, point in
      ExitPoint(number: index + 1, value: point.0.value, type: graph[point.0.value].type, cost: point.1)
    }
  }

  /// What each cut's prefix costs. Prefixes contain one another, so every node is counted once.
  private static func costs(of cuts: [Cut], in trunk: Trunk) -> [Cost] {
    var left = Array(trunk.nodes.indices)
    var counted: Set<ValueID> = []
    var cost = Cost()
    return cuts.map { cut in
      var behind: [Int] = []
      for place in left {
        guard cut.done.contains(place) else {
          behind.append(place)
          continue
        }
        trunk.graph.add(trunk.graph.nodes[trunk.nodes[place]], to: &cost, counted: &counted)
      }
      left = behind
      return cost
    }
  }

  /// Leaves one cut for each piece of work.
  private static func grouped(_ cuts: [Cut], in trunk: Trunk) -> [Cut] {
    var chosen: [Cut] = []
    var group: [Cut] = []
    func isLocal(_ cut: Cut, _ last: Cut) -> Bool {
      cut.value != last.value && trunk.readers[cut.value, default: []].allSatisfy(last.done.contains)
    }
    func close() {
      guard let last = group.last else { return }
      // An activation spelled out, x times its sigmoid, reads its input twice and is no fork: nothing behind the work does.
      let fork = group.first { cut in trunk.readers[cut.value, default: []].count > 1 && !isLocal(cut, last) }
      chosen.append(fork ?? last)
    }
    for cut in cuts where cut.work > 0 {
      if let last = group.last, last.work != cut.work {
        close()
        group = []
      }
      group.append(cut)
    }
    close()
    return chosen
  }
}

/// A feature map behind which little else is still read.
private struct Cut {
  let value: ValueID
  /// The place of the node that gives it.
  let source: Int
  /// Trunk nodes that it depends on.
  let done: BitSet
  /// What is still read behind it, the value itself included.
  let frontier: Set<ValueID>
  /// Convolutions and matrix products that it depends on.
  let work: Int

  /// All cuts in front of the global pool, by depth.
  static func all(in trunk: Trunk) -> [Cut] {
    let candidates = candidates(in: trunk)
    let strict = candidates.filter { $0.frontier.count == 1 }
    let sliding = sliding(candidates, strict: strict)
    let end = end(of: strict, in: trunk)
    let axes = trunk.channelAxes()
    return candidates.filter { cut in
      (cut.frontier.count == 1 || sliding.contains(cut.value)) && !(end.map(cut.done.contains) ?? false)
        && isTap(cut, axis: axes[cut.value], in: trunk)
    }
  }

  /// The most spatial axes that a head reads.
  private static let mostAxes = 3

  /// Whether a head can read the value. Where a classifier does not say so, it must be known that channels lie on axis 1.
  private static func isTap(_ cut: Cut, axis: Int?, in trunk: Trunk) -> Bool {
    if case .pad = trunk.graph.nodes[trunk.nodes[cut.source]].operation { return false }
    guard let map = trunk.graph[cut.value].type.featureMap, map.spatial.count <= mostAxes else { return false }
    return axis.map { $0 == 1 } ?? trunk.isClassifier
  }

  /// Values behind which at most one other is read, by depth. Flat ones are among them: the end is found by them.
  private static func candidates(in trunk: Trunk) -> [Cut] {
    var result: [Cut] = []
    for place in trunk.nodes.indices {
      for value in trunk.graph.nodes[trunk.nodes[place]].outputs where trunk.graph[value].type.dtype.isFloat {
        guard let done = trunk.ancestors[value] else { continue }
        guard let frontier = trunk.frontier(of: done), frontier.contains(value) else { continue }
        result.append(Cut(value: value, source: place, done: done, frontier: frontier, work: trunk.work(in: done)))
      }
    }
    return result.sorted { $0.done.count < $1.done.count }
  }

  /// The values of chains in which every cell reads its two predecessors.
  private static func sliding(_ candidates: [Cut], strict: [Cut]) -> Set<ValueID> {
    var result: Set<ValueID> = []
    var points = Set(strict.map(\.value))
    var paired: Set<ValueID> = []
    // For every value, the candidates that are read together with it.
    var partners: [ValueID: [Cut]] = [:]
    for cut in candidates where cut.frontier.count == 2 {
      for other in cut.frontier where other != cut.value { partners[other, default: []].append(cut) }
    }
    for cut in candidates where cut.frontier.count == 2 {
      guard let older = cut.frontier.first(where: { $0 != cut.value }), points.contains(older) else { continue }
      // Inside the last cell branches pair with the same older value; the cell before it came first.
      guard !paired.contains(older) else { continue }
      let slidesOn = partners[cut.value, default: []].contains { cut.done.isSubset(of: $0.done) }
      // The last cell of a chain: what it pairs with has been a sliding value itself.
      if slidesOn || result.contains(older) {
        result.insert(cut.value)
        points.insert(cut.value)
        paired.insert(older)
      }
    }
    return result
  }

  /// The place of the node that ends the feature maps on the trunk: the global pool, the first flatten or recurrent layer.
  private static func end(of strict: [Cut], in trunk: Trunk) -> Int? {
    let cuts = Set(strict.map(\.value))
    return trunk.nodes.indices.first { place in
      let node = trunk.graph.nodes[trunk.nodes[place]]
      // Two directions of a sequence are joined behind their nodes, none of which gives a cut.
      if case .recurrent = node.operation { return true }
      return node.outputs.contains(where: cuts.contains) && endsMaps(node, in: trunk.graph)
    }
  }

  private static func endsMaps(_ node: Node, in graph: Graph) -> Bool {
    guard let before = node.inputs.first.flatMap({ graph[$0].type.featureMap }) else { return false }
    let after = node.outputs.first.flatMap { graph[$0].type.featureMap }
    guard let after else { return true }
    let collapses = before.spatial.contains { $0 > 1 } && after.spatial.allSatisfy { $0 == 1 }
    switch node.operation {
    case .globalPooling, .recurrent: return true
    case .reduce(let reduce): return Set(reduce.axes).isSuperset(of: 2..<2 + before.spatial.count)
    case .pooling(let pooling): return pooling.kind == .average && collapses
    case .lpPooling: return collapses
    case .convolution, .batchNormalization, .linear, .unary, .binary, .concat, .reshape, .transpose, .softmax, .pad,
      .identity, .transposedConvolution, .localResponseNormalization, .standardization, .slice, .gather, .tile,
      .argMax, .matrixProduct, .resize, .choice, .integerConvolution:
      return false
    }
  }
}
