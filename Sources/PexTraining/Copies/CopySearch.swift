import PexTensor

/// Finds copies among samples: equal ones, and nearly equal ones such as pictures that were encoded again, came from
/// another size, or were taken in one burst.
///
/// Two samples are looked at from afar (``Fingerprint``) and by the features of every tap that is there. In each view their
/// distance is taken over what two pictures of their class are apart; of the taps' the root of the mean square counts.
/// Samples are nearly equal when the product of the two is below ``nearness``: independent looks multiply.
///
/// Of 10,000 pictures of CIFAR-100 13 are so near another one, and all of these are the same picture or the next of a burst;
/// copies made by JPEG (quality 50 and more), another size (75 % and more), 2 % of brightness or a pixel's shift are found in
/// 98 to 100 of 100 cases, and nine of ten pictures of bursts that do all of that.
package struct CopySearch {
  static let nearness: Float = 0.05
  /// How far apart samples are from afar, at most, whatever their features say.
  private static let farthest: Float = 0.4
  /// So many candidates a sample are compared closely, the nearest.
  private static let mostCandidates = 48

  /// What samples look like from afar.
  let pictures: FeatureTable
  /// Their features, a table a tap.
  let taps: [FeatureTable]
  /// Their labels.
  let labels: [Int?]
  private let limits: TrainingLimits

  /// - Parameters:
  ///   - pictures: what samples look like from afar, a row a sample.
  ///   - taps: their features, a table a tap.
  ///   - labels: one a sample, or nil.
  package init(pictures: FeatureTable, taps: [FeatureTable], labels: [Int?], limits: TrainingLimits = TrainingLimits())
  {
    (self.pictures, self.taps, self.labels, self.limits) = (pictures, taps, labels, limits)
  }

  /// Samples that are equal, as one.
  private struct Original {
    let members: [Int]
    let labels: Set<Int>
    /// The first with a label, else the first.
    let first: Int

    init(_ members: [Int], _ labels: [Int?]) {
      self.members = members
      self.labels = Set(members.compactMap { labels[$0] })
      first = members.first { labels[$0] != nil } ?? members[0]
    }
  }

  /// The groups of copies.
  /// - Throws: as ``FeatureTable/row(_:)``; `CancellationError` when it is cancelled.
  package func groups() throws -> SampleGroups {
    let originals = try equal().map { Original($0, labels) }
    return SampleGroups(
      clusters(originals, try near(originals)).compactMap { cluster in
        let members = cluster.flatMap(\.members)
        guard members.count > 1 else { return nil }
        return SampleGroups.Group(
          members: members, kept: Self.isContradicting(cluster) ? nil : cluster[0].first, isExact: cluster.count == 1)
      })
  }

  /// The samples by what they hold: equal ones together, in the order of the first of them.
  private func equal() throws -> [[Int]] {
    var places: [[Float]: [Int]] = [:]
    var result: [[Int]] = []
    for sample in 0..<pictures.count {
      let look = Array(try pictures.row(sample))
      if let place = try places[look]?.first(where: { try hasSameFeatures(result[$0][0], sample) }) {
        result[place].append(sample)
      } else {
        places[look, default: []].append(result.count)
        result.append([sample])
      }
    }
    return result
  }

  private func hasSameFeatures(_ first: Int, _ second: Int) throws -> Bool {
    try taps.allSatisfy { try $0.row(first).elementsEqual($0.row(second)) }
  }

  /// For every original the others that it is nearly equal to.
  private func near(_ originals: [Original]) throws -> [[Int]] {
    var near = [[Int]](repeating: [], count: originals.count)
    let rows = originals.map(\.first)
    let classes = originals.map { $0.labels.count == 1 ? $0.labels.first : nil }
    guard let afar = try SampleView(pictures, rows: rows, classes: classes, standardises: false) else { return near }
    let views = try taps.compactMap { try SampleView($0, rows: rows, classes: classes, standardises: true) }
    let candidates = try NeighbourSearch(pictures, rows: rows).pairs(
      within: afar.scales.map { $0 * Self.farthest }, most: Self.mostCandidates, limits)
    for (first, pairs) in Dictionary(grouping: candidates, by: \.first) {
      try limits.check()
      let others = pairs.map(\.second)
      let apart = try features(views, first, others, rows)
      for (pair, apart) in zip(pairs, apart) {
        let scale = min(afar.scales[first], afar.scales[pair.second])
        guard pair.distance / scale * apart < Self.nearness else { continue }
        near[first].append(pair.second)
        near[pair.second].append(first)
      }
    }
    return near.map { $0.sorted() }
  }

  /// How far apart features are over all taps: the root of the mean square of relative distances. Without taps the view from
  /// afar has to do.
  private func features(_ views: [SampleView], _ first: Int, _ others: [Int], _ rows: [Int]) throws -> [Float] {
    guard !views.isEmpty else { return others.map { _ in 1 } }
    var squares = [Float](repeating: 0, count: others.count)
    for view in views {
      let distances = try view.distances(from: rows[first], to: others.map { rows[$0] })
      for (index, distance) in distances.enumerated() {
        let relative = distance / min(view.scales[first], view.scales[others[index]])
        squares[index] += relative * relative
      }
    }
    return squares.map { ($0 / Float(views.count)).squareRoot() }
  }

  /// Originals with those that one of them stands for: each is near the first of its cluster, so nothing that differs from
  /// all that counts is left out, however long a chain of likenesses may be. Labelled ones come first.
  ///
  /// What is nearly a picture whose labels contradict each other goes with it: nobody knows of which class it is, either.
  ///
  /// Where many clusters of sound originals hold different labels, these pictures differ in what is too small to be seen this
  /// way: then equal samples alone are copies.
  private func clusters(_ originals: [Original], _ near: [[Int]]) -> [[Original]] {
    let order = originals.indices.sorted { first, second in
      let (left, right) = (Self.rank(originals[first]), Self.rank(originals[second]))
      return (left, originals[first].first) < (right, originals[second].first)
    }
    let sound = order.filter { originals[$0].labels.count < 2 }
    let judged = grouped(sound, near).map { $0.map { originals[$0] } }.filter { $0.count { !$0.labels.isEmpty } > 1 }
    let contradicting = judged.count(where: Self.isContradicting)
    let isTrusted = contradicting < Self.fewestToDoubt || 10 * contradicting <= judged.count
    guard isTrusted else { return originals.map { [$0] } }
    return grouped(order, near) { first, others in
      // One that contradicts the first is as contradicted as that.
      let contradicted = others.filter { Self.isContradicting([originals[first], originals[$0]]) }
      return originals[first].labels.count > 1 ? [] : contradicted.flatMap { near[$0] }
    }.map { $0.map { originals[$0] } }
  }

  /// The originals of `order`, each with those near it that no earlier one has taken.
  /// - Parameter further: what else goes with one and those near it.
  private func grouped(
    _ order: [Int], _ near: [[Int]], further: (Int, [Int]) -> [Int] = { _, _ in [] }
  ) -> [[Int]] {
    var isFree = [Bool](repeating: false, count: near.count)
    for index in order { isFree[index] = true }
    var groups: [[Int]] = []
    for first in order where isFree[first] {
      var group: [Int] = []
      func take(_ members: [Int]) {
        for member in members where isFree[member] {
          isFree[member] = false
          group.append(member)
        }
      }
      take([first] + near[first])
      take(further(first, Array(group.dropFirst())))
      groups.append(group)
    }
    return groups
  }

  /// Who speaks first for those near it: a contradiction, then a label, then none.
  private static func rank(_ original: Original) -> Int {
    original.labels.count > 1 ? 0 : original.labels.isEmpty ? 2 : 1
  }

  private static let fewestToDoubt = 3

  private static func isContradicting(_ cluster: [Original]) -> Bool {
    cluster.reduce(into: Set<Int>()) { $0.formUnion($1.labels) }.count > 1
  }
}
