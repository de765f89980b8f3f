import PexBundle
import PexExits
import PexGraph
import PexHeads
import PexTensor

/// What a bundle's trained base heads come to when it is converted again: those that still fit stay number for number, so that
/// personal heads which read their branches go on fitting; the others are told of.
struct StandingHeads {
  /// Why a head does not stay.
  enum Loss: Hashable {
    case unplaced
    case kind(HeadKind)
    case storage
    case preprocessing
    case classes
    case digest
    case tap(Int)
    case branch(Int)
  }

  /// Heads that stay, by their exits' numbers now.
  private(set) var records: [Int: ExitRecord] = [:]
  /// Why the others do not, by their exits' numbers before.
  private(set) var losses: [Int: Loss] = [:]
  /// What exit points are called now, by their numbers before, of those that are the same.
  let numbers: [Int: Int]
  /// Why nothing of the bundle that speaks of features fits any more; nil when that depends on the exit.
  let loss: Loss?

  /// - Parameters:
  ///   - old: the bundle.
  ///   - new: what it becomes: the trunk, and how pictures become inputs.
  ///   - places: where heads shall stand, in the bundle's graph.
  /// - Throws: ``PexError`` (malformed) when the bundle's heads hold what must not be there.
  init(_ old: BundleContents, in new: BundleContents, _ places: Places, _ options: ConversionOptions) throws {
    let values = (places.points + places.named).map(\.value)
    let found = Dictionary(values.enumerated().map { ($1, $0 + 1) }) { first, _ in first }
    numbers = old.trunk.exitPoints.reduce(into: [:]) { numbers, point in numbers[point.number] = found[point.value] }
    loss = Self.loss(of: old, in: new)
    let trained = old.exits.filter { $0.parameters != nil }
    for record in trained {
      losses[record.exit] = loss ?? self.loss(of: record, old, in: new.trunk, places, options)
    }
    // A head goes with those whose branches it reads, and these with theirs.
    while let (exit, other) = firstWithoutBranch(trained) { losses[exit] = .branch(other) }
    for record in trained where losses[record.exit] == nil {
      guard let number = numbers[record.exit] else { continue }
      records[number] = try renumbered(record, old)
    }
  }

  /// Why no head of the bundle can stay.
  private static func loss(of old: BundleContents, in new: BundleContents) -> Loss? {
    if new.trunk.storage != old.trunk.storage { return .storage }
    // Heads that were trained on arrays do not know of pictures.
    if let before = old.preprocessing, before != new.preprocessing { return .preprocessing }
    return nil
  }

  private func loss(
    of record: ExitRecord, _ old: BundleContents, in trunk: PexBundle.Trunk, _ places: Places,
    _ options: ConversionOptions
  ) -> Loss? {
    guard let number = numbers[record.exit], places.chosen.contains(where: { $0.number == number }) else {
      return .unplaced
    }
    if let kind = options.headKinds[number] ?? options.headKind, kind != record.specification.kind {
      return .kind(kind)
    }
    if let classes = trunk.classCount ?? options.labels?.count, classes != record.specification.classes {
      return .classes
    }
    func isSame(_ exit: Int) -> Bool {
      guard let number = numbers[exit] else { return false }
      return trunk.exitPoint(number)?.prefixDigest == old.trunk.exitPoint(exit)?.prefixDigest
    }
    guard isSame(record.exit) else { return .digest }
    return record.specification.earlier.first { !isSame($0.exit) }.map { .tap($0.exit) }
  }

  /// An exit whose head stays so far, and one whose branch it reads and whose head does not.
  private func firstWithoutBranch(_ trained: [ExitRecord]) -> (exit: Int, other: Int)? {
    for record in trained where losses[record.exit] == nil {
      let read = record.specification.branchExits(at: record.exit).map(\.exit)
      let gone = read.first { exit in losses[exit] != nil || !trained.contains { $0.exit == exit } }
      if let gone { return (record.exit, gone) }
    }
    return nil
  }

  /// The record with every exit called as it is now.
  private func renumbered(_ record: ExitRecord, _ old: BundleContents) throws -> ExitRecord {
    let before = record.specification
    let taps = before.earlier.map { tap in
      EarlierTap(exit: numbers[tap.exit] ?? tap.exit, channels: tap.channels, branch: tap.branch)
    }
    guard let number = numbers[record.exit], number != record.exit || taps != before.earlier,
      let head = try old.head(at: record.exit)
    else { return record }
    let specification = try HeadSpecification(
      kind: before.kind, channels: before.channels, spatial: before.spatial, classes: before.classes,
      hidden: before.kind == .conv ? before.hidden : nil, earlier: taps, branch: before.branch?.layers ?? [])
    return ExitRecord(
      exit: number,
      head: try Head(
        specification, parameters: head.parameters, temperature: head.temperature, branches: head.branches),
      threshold: record.threshold)
  }
}

extension StandingHeads {
  /// The kinds of single heads: those asked for, and the bundle's own where exits stand now, unless one was asked for all.
  func kinds(_ old: BundleContents, _ places: Places, _ options: ConversionOptions) -> [Int: HeadKind] {
    guard options.headKind == nil else { return options.headKinds }
    return old.exits.reduce(into: options.headKinds) { kinds, record in
      guard let number = numbers[record.exit], places.chosen.contains(where: { $0.number == number }) else { return }
      kinds[number] = kinds[number] ?? record.specification.kind
    }
  }

  /// What is lost, in words; nil when nothing is.
  /// - Parameter losesPolicy: whether the policy goes as well.
  func warning(losesPolicy: Bool) -> String? {
    guard !losses.isEmpty else { return nil }
    let reasons = Dictionary(grouping: losses.keys.sorted()) { losses[$0] }
      .sorted { $0.value[0] < $1.value[0] }
      .map { reason, exits in
        "exit\(exits.count == 1 ? "" : "s") \(exits.map(String.init).joined(separator: ", ")) "
          + "(\(words(reason ?? .digest, isOne: exits.count == 1)))"
      }
    return "trained base heads are dropped: \(reasons.joined(separator: ", "))"
      + (losesPolicy ? ", and the policy, which was chosen with them" : "")
      + (records.isEmpty && losses.values.allSatisfy { $0 == .unplaced } ? "" : "; pextrain --base trains others")
  }

  private func words(_ loss: Loss, isOne: Bool) -> String {
    let reads = isOne ? "reads" : "read"
    return switch loss {
    case .unplaced: "no exit stands there now"
    case .kind(let kind): "--head asks for \(kind.rawValue)"
    case .storage: "trained on weights that were stored otherwise"
    case .preprocessing: "trained on pictures that became inputs otherwise"
    case .classes: "the output that answers has other classes"
    case .digest: "the bundle states another digest there than its trunk has"
    case .tap(let exit): "\(reads) the tap of exit \(exit), which is no exit point any more"
    case .branch(let exit): "\(reads) the branch of exit \(exit), whose head does not stay"
    }
  }
}
