import PexGraph
import PexHeads
import PexTensor

/// A head of a head file and the exit point of the open bundle that it belongs to.
public struct MatchedHead: Sendable {
  /// Where the head reads. Its number may differ from ``numberInFile``.
  public var exitPoint: ExitPointRecord
  /// The number of its exit in the head file.
  public var numberInFile: Int
  /// The head, with its branches.
  public var head: Head
  /// Whether policies and deadlines may take it.
  public var isEnabled: Bool
}

extension HeadFile {
  /// Finds the exit point of every head, by digest: all of them or none.
  /// - Returns: the heads in the order of the file, then the base heads that it uses, limited to its classes.
  /// - Throws: ``PexError`` (refused) saying why a head does not fit: another trunk, other weights, other storage of
  ///   the weights, other preprocessing.
  public func match(_ contents: BundleContents) throws -> [MatchedHead] {
    try match(contents) { exit in try contents.head(at: exit) }
  }

  /// - Parameter baseHead: the bundle's head at an exit, checked.
  fileprivate func match(_ contents: BundleContents, baseHead: (Int) throws -> Head?) throws -> [MatchedHead] {
    if let trunkDigest, trunkDigest != contents.trunk.digest {
      throw PexError(
        .refused, "the file was made for the classifier of another trunk, or of another storage of its weights",
        hint: "use the bundle it was made for\(origin.map { $0.base.isEmpty ? "" : ", \($0.base)" } ?? "")")
    }
    let points = Dictionary(contents.trunk.exitPoints.map { ($0.prefixDigest, $0) }) { first, _ in first }
    let matched = try heads.map { head in
      guard let point = points[head.prefixDigest] else { throw try refusal(of: head, contents.trunk) }
      let map = contents.trunk.graph[point.value].type.tap
      let specification = head.head.specification
      guard let map, map.channels == specification.channels, map.spatial == specification.spatial else {
        throw PexError(
          .refused,
          "the head of exit \(head.exit) reads \(specification.channels) channels over "
            + "\(specification.spatial), exit point \(point.number) has another shape")
      }
      let located = try located(head, at: point, points, contents.trunk)
      let attached = try attached(located, at: point) { try baseHead($0)?.branch }
      return MatchedHead(
        exitPoint: point, numberInFile: head.exit, head: attached.head, isEnabled: attached.isEnabled)
    }
    let used = try baseHeads.map { use in try match(use, contents, points, baseHead) }
    guard try PreprocessingRecord.digest(of: contents.preprocessing) == preprocessingDigest else {
      throw PexError(
        .refused, "the heads were trained with other preprocessing than this bundle's",
        hint: "convert with the preprocessing of then, or train the heads again")
    }
    return matched + used
  }

  /// The base head that the file uses, limited to its classes.
  private func match(
    _ use: BaseHeadUse, _ contents: BundleContents, _ points: [Digest: ExitPointRecord],
    _ baseHead: (Int) throws -> Head?
  ) throws -> MatchedHead {
    let numbers = Dictionary((contents.classNames ?? []).enumerated().map { ($1, $0) }) { first, _ in first }
    let places = classes.compactMap { numbers[$0] }
    guard let point = points[use.prefixDigest], let head = try baseHead(point.number),
      try head.digest(behind: point.prefixDigest) == use.headDigest, places.count == classes.count,
      places.allSatisfy({ $0 < head.specification.classes })
    else {
      throw PexError(
        .refused, "the file uses the base head of exit \(use.exit), which this bundle does not have",
        hint: "use the bundle it was made for, or train the heads again: --base makes other base heads")
    }
    let limited = try head.limited(to: places)
    return MatchedHead(
      exitPoint: point, numberInFile: use.exit,
      head: try Head(
        limited.specification, parameters: limited.parameters, temperature: use.temperature, branches: limited.branches),
      isEnabled: true)
  }

  /// The head with its earlier taps named as this bundle numbers them.
  private func located(
    _ head: PersonalHead, at point: ExitPointRecord, _ points: [Digest: ExitPointRecord], _ trunk: Trunk
  ) throws -> PersonalHead {
    guard !head.earlierDigests.isEmpty else { return head }
    let specification = head.head.specification
    let taps = try zip(head.earlierDigests, specification.earlier).map { digest, tap in
      guard let earlier = points[digest], earlier.isBefore(point),
        trunk.graph[earlier.value].type.tap?.channels == tap.channels
      else {
        throw PexError(
          .refused,
          "the head of exit \(head.exit) also reads exit \(tap.exit), which this bundle does not have in front of it",
          hint: "use the bundle it was trained for, or convert with --exits naming that value")
      }
      return EarlierTap(exit: earlier.number, channels: tap.channels, branch: tap.branch)
    }
    var result = head
    result.head = try Head(
      try HeadSpecification(
        kind: specification.kind, channels: specification.channels, spatial: specification.spatial,
        classes: specification.classes, earlier: taps, branch: specification.branch?.layers ?? []),
      parameters: head.head.parameters, temperature: head.head.temperature)
    return result
  }

  /// The head with the branches that it reads.
  private func attached(
    _ head: PersonalHead, at point: ExitPointRecord, _ branch: (Int) throws -> Branch?
  ) throws -> PersonalHead {
    let read = head.head.specification.branchExits(at: point.number)
    let earlier = zip(head.head.specification.earlier, head.earlierDigests).filter { $0.0.branch != nil }.map(\.1)
    let prefixes = earlier + [point.prefixDigest]
    var branches: [Branch] = []
    for (place, digest) in zip(zip(read, prefixes), head.branchDigests) {
      let (exit, expected) = place.0
      guard let branch = try branch(exit), branch.specification == expected,
        try branch.digest(behind: place.1) == digest
      else {
        throw PexError(
          .refused, "the head of exit \(head.exit) reads a branch that this bundle does not have at exit \(exit)",
          hint: "use the bundle it was trained for, or train the heads again: --base makes other branches")
      }
      branches.append(branch)
    }
    var result = head
    result.head = try head.head.reading(branches)
    return result
  }

  /// Why no exit point has the digest of `head`.
  private func refusal(of head: PersonalHead, _ trunk: Trunk) throws -> PexError {
    let structures = try trunk.graph.structureDigests(of: trunk.exitPoints.map(\.value))
    let start = "the head of exit \(head.exit) was trained on"
    guard structures.contains(head.structureDigest) else {
      return PexError(
        .refused, "\(start) another trunk, or on a value that is no exit point of this bundle",
        hint: "use the bundle it was trained for, or convert with --exits naming that value")
    }
    guard trunk.storage == trunkStorage else {
      return PexError(
        .refused, "\(start) the \(trunkStorage.name) storage of this model, found \(trunk.storage.name)",
        hint: "convert with --weights \(trunkStorage.name), or train the heads again")
    }
    return PexError(
      .refused, "\(start) a model of the same structure with other weights", hint: "use the bundle it was trained for")
  }
}

extension BundleFile {
  /// As ``HeadFile/match(_:)``, naming this bundle in refusals.
  /// - Throws: ``PexError`` (refused).
  public func match(_ heads: HeadFile) throws -> [MatchedHead] {
    try naming(name) { try heads.match(contents) { try baseHead(at: $0) } }
  }
}
