import PexGraph
import PexHeads
import PexTensor

/// An exit that a bundle will have: a point and what stands there.
public struct ExitPlacement: Hashable, Sendable {
  /// Where it stands.
  public let point: ExitPoint
  /// What its head looks like.
  public let head: HeadSpecification

  /// An exit.
  public init(point: ExitPoint, head: HeadSpecification) {
    self.point = point
    self.head = head
  }
}

extension ExitPlacement {
  /// The exits of a request, with the last exit point added unless the request is for none: a personal head there
  /// replaces the final classifier at no cost.
  ///
  /// - Parameters:
  ///   - request: where; nil takes up to three points at even shares of the work.
  ///   - kind: the kind of head at exits that `kinds` does not name.
  ///   - kinds: kinds of heads by exit number.
  ///   - points: what ``ExitPoint/all(in:)`` found, where it is known already.
  /// - Throws: ``PexError`` (usage) when an exit does not exist, or a kind is given for an exit that is not there;
  ///   (unsupported) when the head's kind does not fit what it would read.
  public static func place(
    _ request: ExitRequest?, kind: HeadKind = .linear, kinds: [Int: HeadKind] = [:],
    points: [ExitPoint]? = nil, in graph: Graph
  ) throws -> [ExitPlacement] {
    try place(at: chosen(request, points ?? ExitPoint.all(in: graph), in: graph), kind: kind, kinds: kinds, in: graph)
  }

  /// The points of a request by depth, the last exit point among them unless the request is for none.
  /// - Parameter points: what ``ExitPoint/all(in:)`` found.
  /// - Throws: ``PexError`` (usage) when an exit does not exist.
  public static func chosen(_ request: ExitRequest?, _ points: [ExitPoint], in graph: Graph) throws -> [ExitPoint] {
    if request == ExitRequest.none { return [] }
    var chosen = try (request ?? .automatic(ExitRequest.standard)).resolve(points, in: graph)
    if let last = points.last, !chosen.contains(last) { chosen.append(last) }
    return chosen.sorted { ($0.cost.multiplyAccumulates, $0.number) < ($1.cost.multiplyAccumulates, $1.number) }
  }

  /// Exits at those points, which are by depth.
  /// - Parameters:
  ///   - kind: the kind of head at exits that `kinds` does not name.
  ///   - kinds: kinds of heads by exit number.
  ///   - standing: heads that stand there already, by exit number, whatever is said of kinds.
  ///   - classes: how many classes the heads tell apart; nil takes the classifier's. Of a graph without one these are places
  ///     for heads of classes that nobody knows yet, and one class stands for them.
  /// - Throws: as ``place(_:kind:kinds:points:in:)``.
  public static func place(
    at chosen: [ExitPoint], kind: HeadKind, kinds: [Int: HeadKind] = [:], standing: [Int: HeadSpecification] = [:],
    classes: Int? = nil, in graph: Graph
  ) throws -> [ExitPlacement] {
    if let stray = kinds.keys.sorted().first(where: { number in !chosen.contains { $0.number == number } }) {
      throw PexError(
        .usage, "--head names exit \(stray), which is not placed",
        hint: chosen.isEmpty
          ? "no exit is placed" : "placed exits: \(chosen.map { String($0.number) }.joined(separator: ", "))")
    }
    let classes = classes ?? graph.classCount ?? 1
    var placed: [ExitPlacement] = []
    for point in chosen {
      let kind = kinds[point.number] ?? kind
      let head = try standing[point.number] ?? specification(kind, at: point, classes: classes, behind: placed)
      placed.append(ExitPlacement(point: point, head: head))
    }
    return placed
  }

  private static func specification(
    _ kind: HeadKind, at point: ExitPoint, classes: Int, behind placed: [ExitPlacement]
  ) throws -> HeadSpecification {
    let map = try point.map()
    return try HeadSpecification(
      kind: kind, channels: map.channels, spatial: map.spatial, classes: classes,
      earlier: kind == .multitap || kind == .branch ? placed.taps(kind) : [],
      branch: kind == .branch ? .separable(channels: map.channels, spatial: map.spatial) : [])
  }
}

extension [ExitPlacement] {
  /// What a head of that kind behind these reads of them: every tap, and on the way of a branch head the branch in front of its
  /// own. Two branches that were trained apart err on different samples, and the one in front has mostly been computed.
  fileprivate func taps(_ kind: HeadKind) -> [EarlierTap] {
    enumerated().map { index, exit in
      EarlierTap(
        exit: exit.point.number, channels: exit.head.channels,
        branch: kind == .branch && index == count - 1 ? exit.head.branch : nil)
    }
  }
}

extension Graph {
  /// How many classes the primary output tells apart, or nil when it is not `[N, C]`.
  public var classCount: Int? {
    guard let classifier, self[classifier.logits].type.rank == 2 else { return nil }
    return self[classifier.logits].type.perSample[1]
  }
}
