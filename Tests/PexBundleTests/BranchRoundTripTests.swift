import PexBundle
import PexHeads
import PexTensor
import Testing

/// Branches lie in bundles; head files say by digest which one a head reads.
@Suite struct BranchRoundTripTests {
  private static let layers = [
    BranchLayer(.depthwise, channels: 4, stride: 2), BranchLayer(.pointwise, channels: 6),
    BranchLayer(.full, channels: 5),
  ]

  private func specification(_ kind: HeadKind, layers: [BranchLayer] = Self.layers) throws -> HeadSpecification {
    let trunk = try Kinds.trunk()
    let plain = try Kinds.specification(trunk, 3, .linear)
    return try HeadSpecification(
      kind: kind, channels: plain.channels, spatial: plain.spatial, classes: 3,
      earlier: kind == .branch ? [EarlierTap(exit: 1, channels: 3)] : [], branch: layers)
  }

  private func contents(seed: UInt64 = 1) throws -> BundleContents {
    var contents = try Kinds.contents()
    contents.exits[2] = ExitRecord(exit: 3, head: try Head.random(specification(.branch), seed: seed), threshold: 0.5)
    contents.statistics = [ExitStatistics(exit: 3, try Kinds.statistics(channels: 4 + 5))]
    return contents
  }

  private func heads(_ contents: BundleContents, _ kind: HeadKind = .branch) throws -> HeadFile {
    let branch = try contents.head(at: 3)?.branch
    let head = try Head.random(specification(kind), seed: 9).reading([#require(branch)])
    return try HeadFile(
      for: contents, classes: ["cat", "dog", "mine"], heads: [PersonalHead(head, for: contents.trunk, exit: 3)])
  }

  @Test func bundlesHoldBranches() throws {
    let contents = try self.contents()
    let bytes = try contents.encoded()
    #expect([bytes[8], bytes[12]] == [5, 5])
    let bundle = try BundleFile(bytes: bytes)
    #expect(bundle.contents.exits.map(\.specification) == contents.exits.map(\.specification))
    let (read, made) = (try #require(try bundle.baseHead(at: 3)), try #require(try contents.head(at: 3)))
    #expect(zip(read.parameters, made.parameters).allSatisfy { $0.isIdentical(to: $1) })
    let branch = try #require(read.branch)
    #expect(try zip(branch.parameters, #require(made.branch).parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(try bundle.contents.encoded() == bytes)
    #expect(try !bundle.check().isEmpty)
    // The heads in front of it are found in the row as before.
    #expect(try bundle.baseHead(at: 1) != nil && bundle.baseHead(at: 2) == nil)
  }

  /// The bundle with a byte changed in a tensor of an exit's branch.
  private func damaged(_ contents: BundleContents, branchOf exit: Int, tensor: Int) throws -> BundleFile {
    let numbers = try #require(try contents.head(at: exit)?.branch).parameters[tensor].floats
    let pattern = numbers.withUnsafeBytes { Array($0) }
    var bytes = try contents.encoded()
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: pattern) })
    bytes[place] ^= 1
    return try BundleFile(bytes: bytes)
  }

  /// Every byte of the branch is covered by a checksum.
  @Test func damageIsFoundBeforeABranchRuns() throws {
    let contents = try self.contents()
    let bundle = try damaged(contents, branchOf: 3, tensor: 1)
    #expect(failure { _ = try bundle.baseHead(at: 3) }?.kind == .malformed)
    let heads = try HeadFile(bytes: heads(contents).encoded())
    #expect(failure { _ = try bundle.match(heads) }?.kind == .malformed)
  }

  @Test(arguments: [HeadKind.branch, .prototype]) func headFilesNameBranches(kind: HeadKind) throws {
    let contents = try self.contents()
    let file = try heads(contents, kind)
    let bytes = try file.encoded()
    let read = try HeadFile(bytes: bytes)
    #expect(read.heads[0].branchDigests == file.heads[0].branchDigests && read.heads[0].head.branches.isEmpty)
    #expect(try read.encoded() == bytes && HeadFile.check(bytes: bytes).count == 2)
    let matched = try read.match(contents)[0].head
    let branch = try #require(matched.branch)
    #expect(
      try zip(branch.parameters, #require(contents.head(at: 3)?.branch).parameters).allSatisfy {
        $0.isIdentical(to: $1)
      })
    // The branch's numbers are not in the file.
    #expect(bytes.count < 4 * matched.specification.parameterCount + 2048)
  }

  @Test func anotherBranchIsRefused() throws {
    let file = try HeadFile(bytes: heads(contents()).encoded())
    let refusal = failure { _ = try file.match(self.contents(seed: 2)) }
    #expect(refusal?.kind == .refused && refusal?.message.contains("reads a branch") == true)
    #expect(failure { _ = try file.match(Kinds.contents()) }?.kind == .refused)
    // A base head that was trained anew on the same branch is none of a personal head's business.
    var contents = try self.contents()
    let branch = try contents.head(at: 3)?.branch
    contents.exits[2] = ExitRecord(
      exit: 3, head: try Head.random(specification(.branch), seed: 77).reading([#require(branch)]))
    #expect(try file.match(contents).count == 1)
  }

  @Test func filesThatBreakARuleAreRefused() throws {
    let contents = try self.contents()
    var file = try heads(contents)
    file.heads[0].branchDigests = []
    #expect(failure { _ = try file.encoded() }?.kind == .malformed)
    // A head that reads none may not name one.
    var plain = try Kinds.heads()
    plain.heads[0].branchDigests = [plain.heads[0].prefixDigest]
    #expect(failure { _ = try plain.encoded() }?.kind == .malformed)
    // A trained head without its branch is none.
    var without = contents
    without.exits[2] = ExitRecord(exit: 3, head: try Head.random(specification(.branch), seed: 1).reading([]))
    #expect(failure { _ = try without.encoded() }?.kind == .malformed)
    // Statistics speak of the tap's channels and the branch's.
    var narrow = contents
    narrow.statistics = [ExitStatistics(exit: 3, try Kinds.statistics(channels: 4))]
    #expect(failure { _ = try narrow.encoded() }?.kind == .malformed)
  }

  /// A sound file whose words and numbers of a layer were changed, checksums right.
  @Test(arguments: [("pointwise", "pointwisE"), ("depthwise", "pointwise"), ("full", "fulL")])
  func hostileLayers(word: String, other: String) throws {
    var attack = Attack(try contents().encoded())
    (attack.version, attack.minimum) = (5, 5)
    let index = try #require(attack.sections.firstIndex { $0.kind == SectionKind.exits.rawValue })
    let bytes = attack.sections[index].bytes
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: word.utf8) })
    attack.sections[index].bytes.replaceSubrange(place..<place + word.utf8.count, with: other.utf8)
    let kind = failure { _ = try BundleFile(bytes: attack.bytes()) }?.kind
    #expect(kind == (other == "pointwise" ? .malformed : .unsupported))
  }

  @Test func olderReadersAreToldToLookForANewerPex() throws {
    var attack = Attack(try contents().encoded())
    (attack.version, attack.minimum) = (5, 4)
    #expect(failure { _ = try BundleFile(bytes: attack.bytes()) }?.kind == .malformed)
  }

  /// The same with a branch at exit 1 as well, which the head of exit 3 also reads.
  private func chained(seed: UInt64 = 1) throws -> BundleContents {
    var contents = try self.contents()
    let plain = try Kinds.specification(contents.trunk, 1, .linear)
    let first = try HeadSpecification(
      kind: .branch, channels: plain.channels, spatial: plain.spatial, classes: 3,
      branch: [BranchLayer(.full, channels: 2, stride: 2)])
    let second = try specification(.branch)
    let both = try HeadSpecification(
      kind: .branch, channels: second.channels, spatial: second.spatial, classes: 3,
      earlier: [EarlierTap(exit: 1, channels: 3, branch: first.branch)], branch: Self.layers)
    let (left, right) = (try Head.random(first, seed: 21 + seed), try Head.random(second, seed: 31))
    contents.exits[0] = ExitRecord(exit: 1, head: left)
    contents.exits[2] = ExitRecord(
      exit: 3,
      head: try Head.random(both, seed: 41).reading([#require(left.branch), #require(right.branch)]))
    contents.statistics = []
    return contents
  }

  private func chainedHeads(_ contents: BundleContents) throws -> HeadFile {
    let base = try #require(try contents.head(at: 3))
    let head = try Head.random(base.specification, seed: 9).reading(base.branches)
    return try HeadFile(
      for: contents, classes: ["cat", "dog", "mine"], heads: [PersonalHead(head, for: contents.trunk, exit: 3)])
  }

  @Test func headsReadBranchesOfOtherExits() throws {
    let contents = try chained()
    let bytes = try contents.encoded()
    #expect([bytes[8], bytes[12]] == [6, 6])
    let bundle = try BundleFile(bytes: bytes)
    #expect(bundle.contents.exits.map(\.specification) == contents.exits.map(\.specification))
    #expect(try bundle.contents.encoded() == bytes && !bundle.check().isEmpty)
    let (read, made) = (try #require(try bundle.baseHead(at: 3)), try #require(try contents.head(at: 3)))
    #expect(read.branches.count == 2)
    for (read, made) in zip(read.branches, made.branches) {
      #expect(zip(read.parameters, made.parameters).allSatisfy { $0.isIdentical(to: $1) })
    }
    // The branch of the other exit is there once.
    let own = [1, 3].reduce(0) { $0 + (contents.exits[$1 - 1].specification.parameterCount) }
    #expect(bytes.count < 4 * own + 16384)

    let file = try HeadFile(bytes: chainedHeads(contents).encoded())
    #expect(file.heads[0].branchDigests.count == 2 && file.heads[0].head.branches.isEmpty)
    #expect(try file.encoded() == chainedHeads(contents).encoded())
    #expect(try file.match(contents)[0].head.branches.count == 2)
    #expect(try bundle.match(file)[0].head.branches.count == 2)
  }

  @Test func anotherBranchInFrontIsRefused() throws {
    let file = try HeadFile(bytes: chainedHeads(chained()).encoded())
    let refusal = failure { _ = try file.match(self.chained(seed: 2)) }
    #expect(refusal?.kind == .refused && refusal?.message.contains("at exit 1") == true)
    #expect(failure { _ = try file.match(self.contents()) }?.kind == .refused)
  }

  @Test func brokenReadingsAreRefused() throws {
    // What the head of exit 3 reads at exit 1 is not trained, or is another.
    var untrained = try chained()
    untrained.exits[0] = ExitRecord(exit: 1, specification: untrained.exits[0].specification)
    #expect(failure { _ = try untrained.encoded() }?.kind == .malformed)
    var other = try chained()
    other.exits[0] = try Kinds.contents().exits[0]
    #expect(failure { _ = try other.encoded() }?.kind == .malformed)
    // Too few digests, and one without a branch.
    var file = try chainedHeads(chained())
    file.heads[0].branchDigests.removeFirst()
    #expect(failure { _ = try file.encoded() }?.kind == .malformed)
    #expect(throws: PexError.self) {
      try HeadSpecification(
        kind: .multitap, channels: 4, spatial: [2, 2], classes: 3,
        earlier: [
          EarlierTap(
            exit: 1, channels: 3,
            branch: BranchSpecification(channels: 3, spatial: [4, 4], layers: [BranchLayer(.full, channels: 2)]))
        ])
    }
  }

  /// Damage to the branch of exit 1 is found before the head of exit 3 runs on it.
  @Test func damageInAnotherExitsBranchIsFound() throws {
    let bundle = try damaged(chained(), branchOf: 1, tensor: 0)
    #expect(failure { _ = try bundle.baseHead(at: 3) }?.kind == .malformed)
    #expect(try bundle.baseHead(at: 2) == nil)
  }

  /// Extents of nothing, and one extent where a branch needs two: sound files otherwise.
  @Test func hostileReadings() throws {
    let spatial = try #require(try chained().head(at: 1)?.specification.spatial)
    // EarlierTap of exit 1 with 3 channels, and its two extents as a packed field 3.
    let start: [UInt8] = [0x08, 1, 0x10, 3, 0x1a, 2] + spatial.map { UInt8($0) }
    for extents: [UInt8] in [[0, 4], [0x84, 4]] {
      var attack = Attack(try chained().encoded())
      (attack.version, attack.minimum) = (6, 6)
      let index = try #require(attack.sections.firstIndex { $0.kind == SectionKind.exits.rawValue })
      let bytes = attack.sections[index].bytes
      let place = try #require(bytes.indices.first { bytes[$0...].starts(with: start) })
      attack.sections[index].bytes.replaceSubrange(place + 6..<place + 8, with: extents)
      #expect(failure { _ = try BundleFile(bytes: attack.bytes()) }?.kind == .malformed, "\(extents)")
    }
  }
}
