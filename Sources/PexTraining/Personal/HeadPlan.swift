import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// One head that will be trained.
public struct HeadPlan: Sendable {
  /// The number of its exit point.
  public let exit: Int
  /// What it looks like.
  public let specification: HeadSpecification
  /// The head to start from, over the same classes; nil to start from nothing.
  public internal(set) var start: Head?
  /// The branches that the head reads, by exit; those are missing that are to be trained with it.
  public internal(set) var branches: [Int: Branch]
  /// Whether that is a head which learned from the person before.
  public let goesOn: Bool
  /// Whether ``start`` is the bundle's base head, limited to the classes and nothing else.
  var startsFromBase = false

  /// The exit's own branch; nil when the head reads none, or it is not trained yet.
  var branch: Branch? { branches[exit] }

  /// The branches in the order in which the head reads them, so far as they are there.
  var read: [Branch] { specification.branchExits(at: exit).compactMap { branches[$0.exit] } }
}

extension HeadPlan {
  /// The heads of a training: at the exits asked for, or at every exit of the bundle.
  ///
  /// - Parameters:
  ///   - exits: numbers of exit points; nil for the bundle's own exits, and the last exit point if there are none.
  ///   - kind: the kind of all heads; nil keeps each exit's.
  ///   - classes: names of the heads' classes, in the order of their logits.
  ///   - numbers: their numbers among the base model's classes.
  ///   - earlier: heads to start from where exit, kind and classes are the same; before the base heads.
  /// - Throws: ``PexError`` (usage) when an exit point does not exist.
  public static func all(
    _ model: Model, exits: [Int]?, kind: HeadKind?, classes: [String], numbers: [Int], earlier: HeadSet? = nil
  ) throws -> [HeadPlan] {
    let contents = model.bundle.contents
    let own = contents.exits.map(\.exit)
    let last = contents.trunk.exitPoints.last { !$0.isNamed }.map { [$0.number] } ?? []
    let wanted = exits ?? (own.isEmpty ? last : own)
    guard !wanted.isEmpty else { throw PexError(.usage, "this bundle has no exit point that a head could stand on") }
    let depth = Dictionary(model.points.enumerated().map { ($1.number, $0) }) { first, _ in first }
    for exit in wanted where depth[exit] == nil {
      throw PexError(
        .usage, "there is no exit point \(exit)", hint: "exit points: 1 to \(contents.trunk.exitPoints.count)")
    }
    let sorted = Set(wanted).sorted { (depth[$0] ?? 0) < (depth[$1] ?? 0) }
    return try sorted.enumerated().map { index, exit in
      try plan(
        model, exit: exit, before: Array(sorted[..<index]), kind: kind, classes: classes, numbers: numbers,
        earlier: earlier)
    }
  }

  private static func plan(
    _ model: Model, exit: Int, before: [Int], kind: HeadKind?, classes: [String], numbers: [Int], earlier: HeadSet?
  ) throws -> HeadPlan {
    let contents = model.bundle.contents
    let record = contents.exits.first { $0.exit == exit }
    let tap = try model.tap(exit)
    let known = earlier?[exit]?.head.specification ?? record?.specification
    let kind = kind ?? known?.kind ?? .linear
    let like = known?.kind == kind ? known : nil
    // A head of the bundle says itself what it reads; another one reads what the heads in front of it do.
    let taps =
      try kind == .multitap || kind == .branch
      ? like?.earlier ?? before.map { EarlierTap(exit: $0, channels: try model.tap($0).channels) } : []
    let base = try model.bundle.baseHead(at: exit)
    let layers = try branch(of: kind, base, record, exit: exit)
    let specification = try HeadSpecification(
      kind: kind, channels: tap.channels, spatial: tap.spatial, classes: classes.count,
      hidden: kind == .conv ? like?.hidden : nil, earlier: taps, branch: layers)
    let branches = try specification.branchExits(at: exit).reduce(into: [Int: Branch]()) { found, place in
      found[place.exit] = try place.exit == exit ? base?.branch : model.bundle.baseHead(at: place.exit)?.branch
    }
    if let entry = earlier?[exit], entry.head.specification == specification, earlier?.classes == classes {
      return HeadPlan(exit: exit, specification: specification, start: entry.head, branches: branches, goesOn: true)
    }
    // The base head limited to the person's classes is where the person starts.
    let start = try base.flatMap { head in
      numbers.allSatisfy((0..<head.specification.classes).contains)
        ? try head.limited(to: numbers).limitingCounts() : nil
    }
    let fits = start?.specification == specification
    var plan = HeadPlan(
      exit: exit, specification: specification, start: fits ? start : nil, branches: branches, goesOn: false)
    plan.startsFromBase = fits
    return plan
  }

  /// The layers of the exit's branch, where that kind of head reads one: means of features do so once it is trained.
  private static func branch(
    of kind: HeadKind, _ base: Head?, _ record: ExitRecord?, exit: Int
  ) throws -> [BranchLayer] {
    let layers = record?.specification.branch?.layers ?? []
    switch kind {
    case .linear, .conv, .multitap: return []
    case .prototype: return base?.branch == nil ? [] : layers
    case .branch:
      guard !layers.isEmpty else {
        throw PexError(
          .usage, "exit \(exit) of this bundle has no branch",
          hint: "convert with --head \(exit)=branch and train base heads, or choose another kind of head")
      }
      return layers
    }
  }
}

extension Model {
  /// Channels and extents of the map at an exit point.
  fileprivate func tap(_ exit: Int) throws -> (channels: Int, spatial: [Int]) {
    guard let point = bundle.contents.trunk.exitPoint(exit), let tap = bundle.graph[point.value].type.tap else {
      throw PexError(.defect, "exit point \(exit) is no feature map")
    }
    return tap
  }
}

extension HeadSpecification {
  /// The exits whose taps such a head reads, its own last.
  func taps(at exit: Int) -> [Int] { earlier.map(\.exit) + [exit] }
}
