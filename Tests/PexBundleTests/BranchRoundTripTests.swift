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
    let branch = try contents.exits[2].head()?.branch
    let head = try Head.random(specification(kind), seed: 9).reading(branch)
    return try HeadFile(
      for: contents, classes: ["cat", "dog", "mine"], heads: [PersonalHead(head, for: contents.trunk, exit: 3)])
  }

  @Test func bundlesHoldBranches() throws {
    let contents = try self.contents()
    let bytes = try contents.encoded()
    #expect([bytes[8], bytes[12]] == [5, 5])
    let bundle = try BundleFile(bytes: bytes)
    #expect(bundle.contents.exits.map(\.specification) == contents.exits.map(\.specification))
    let (read, made) = (try #require(try bundle.baseHead(at: 3)), try #require(try contents.exits[2].head()))
    #expect(zip(read.parameters, made.parameters).allSatisfy { $0.isIdentical(to: $1) })
    let branch = try #require(read.branch)
    #expect(try zip(branch.parameters, #require(made.branch).parameters).allSatisfy { $0.isIdentical(to: $1) })
    #expect(try bundle.contents.encoded() == bytes)
    #expect(try !bundle.check().isEmpty)
    // The heads in front of it are found in the row as before.
    #expect(try bundle.baseHead(at: 1) != nil && bundle.baseHead(at: 2) == nil)
  }

  /// Every byte of the branch is covered by a checksum.
  @Test func damageIsFoundBeforeABranchRuns() throws {
    let contents = try self.contents()
    let numbers = try #require(try contents.exits[2].head()?.branch).parameters[1].floats
    let pattern = numbers.withUnsafeBytes { Array($0) }
    var bytes = try contents.encoded()
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: pattern) })
    bytes[place] ^= 1
    let bundle = try BundleFile(bytes: bytes)
    #expect(failure { _ = try bundle.baseHead(at: 3) }?.kind == .malformed)
    let heads = try HeadFile(bytes: heads(contents).encoded())
    #expect(failure { _ = try bundle.match(heads) }?.kind == .malformed)
  }

  @Test(arguments: [HeadKind.branch, .prototype]) func headFilesNameBranches(kind: HeadKind) throws {
    let contents = try self.contents()
    let file = try heads(contents, kind)
    let bytes = try file.encoded()
    let read = try HeadFile(bytes: bytes)
    #expect(read.heads[0].branchDigest == file.heads[0].branchDigest && read.heads[0].head.branch == nil)
    #expect(try read.encoded() == bytes && HeadFile.check(bytes: bytes).count == 2)
    let matched = try read.match(contents)[0].head.head
    let branch = try #require(matched.branch)
    #expect(
      try zip(branch.parameters, #require(contents.exits[2].head()?.branch).parameters).allSatisfy {
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
    let branch = try contents.exits[2].head()?.branch
    contents.exits[2] = ExitRecord(exit: 3, head: try Head.random(specification(.branch), seed: 77).reading(branch))
    #expect(try file.match(contents).count == 1)
  }

  @Test func filesThatBreakARuleAreRefused() throws {
    let contents = try self.contents()
    var file = try heads(contents)
    file.heads[0].branchDigest = nil
    #expect(failure { _ = try file.encoded() }?.kind == .malformed)
    // A head that reads none may not name one.
    var plain = try Kinds.heads()
    plain.heads[0].branchDigest = plain.heads[0].prefixDigest
    #expect(failure { _ = try plain.encoded() }?.kind == .malformed)
    // A trained head without its branch is none.
    var without = contents
    without.exits[2] = ExitRecord(exit: 3, head: try Head.random(specification(.branch), seed: 1).reading(nil))
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
}
