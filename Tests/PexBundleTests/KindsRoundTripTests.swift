import PexBundle
import PexHeads
import PexTensor
import Testing

/// What version 3 of the format brought comes back as it was, and costs files without it nothing.
@Suite struct KindsRoundTripTests {
  private func version(_ bytes: [UInt8]) -> [UInt8] { [bytes[8], bytes[12]] }

  @Test func kindsAndStatisticsComeBackAsTheyWere() throws {
    let contents = try Kinds.contents()
    let bytes = try contents.encoded()
    let bundle = try BundleFile(bytes: bytes)
    #expect(bundle.contents.exits.map(\.specification) == contents.exits.map(\.specification))
    for exit in [1, 3] {
      let head = try #require(try bundle.baseHead(at: exit))
      let made = try #require(contents.exits[exit - 1].parameters)
      #expect(zip(head.parameters, made).allSatisfy { $0.isIdentical(to: $1) })
    }
    #expect(bundle.contents.statistics.map(\.exit) == [1, 2])
    for (read, made) in zip(bundle.contents.statistics, contents.statistics) {
      #expect(read.channels == 3 && read.classes == 3 && read.rank == 2)
      #expect(try zip(read.checked().tensors, made.checked().tensors).allSatisfy { $0.isIdentical(to: $1) })
    }
    let checked = try bundle.check()
    #expect(checked.suffix(2).map(\.section) == ["statistics", "statistics tensors"])
    #expect(checked.last?.what == "checksums of 8 tensors, numbers finite")
    #expect(try bundle.contents.encoded() == bytes)
    try withFolder { folder in
      try contents.write(to: folder + "/kinds.pex")
      let mapped = try BundleFile(path: folder + "/kinds.pex")
      #expect(try mapped.check() == checked)
      #expect(try mapped.contents.statistics.map { try $0.checked().rank } == [2, 2])
    }
  }

  @Test(arguments: [0, 1, 512]) func anyRankUpToTheLimit(_ rank: Int) throws {
    var contents = try Kinds.contents()
    contents.statistics = [ExitStatistics(exit: 3, try Kinds.statistics(channels: 4, rank: rank))]
    let bundle = try BundleFile(bytes: contents.encoded())
    #expect(try bundle.contents.statistics.map { try $0.checked().rank } == [rank])
    #expect(try bundle.check().count == 7)
  }

  /// A model without a classifier whose classes nobody named: heads and statistics alone say how many there are.
  @Test func statisticsOfAModelWithoutClassifier() throws {
    let (graph, points) = try Tiny.graph(.init(withClassifier: false))
    var contents = BundleContents(trunk: try Trunk(graph, exitPoints: points))
    contents.statistics = try [(1, 3), (2, 4)].map {
      ExitStatistics(exit: $0, try Kinds.statistics(channels: $1, classes: 5))
    }
    #expect(try BundleFile(bytes: contents.encoded()).contents.statistics.map(\.classes) == [5, 5])
    contents.statistics[1] = ExitStatistics(exit: 2, try Kinds.statistics(channels: 4, classes: 6))
    #expect(failure { _ = try contents.encoded() }?.kind == .malformed)
  }

  @Test func onlyFilesThatNeedItAskForVersion3() throws {
    let plain = try Tiny.contents()
    let bytes = try plain.encoded()
    #expect(version(bytes) == [1, 1])
    #expect(version(try Tiny.heads(plain).encoded()) == [1, 1])

    var contents = plain
    contents.statistics = [ExitStatistics(exit: 1, try Kinds.statistics(channels: 3))]
    #expect(version(try contents.encoded()) == [3, 3])
    contents.statistics = []
    #expect(try contents.encoded() == bytes)
    for kind in [HeadKind.multitap, .prototype] {
      contents.exits[1] = ExitRecord(exit: 2, specification: try Kinds.specification(plain.trunk, 2, kind))
      #expect(version(try contents.encoded()) == [3, 3])
    }
    #expect(version(try Kinds.heads().encoded()) == [3, 3])
  }

  @Test func personalHeadsComeBackAsTheyWere() throws {
    let heads = try Kinds.heads()
    let bytes = try heads.encoded()
    let read = try HeadFile(bytes: bytes)
    for (mine, theirs) in zip(read.heads, heads.heads) {
      #expect(mine.head.specification == theirs.head.specification && mine.earlierDigests == theirs.earlierDigests)
      #expect(zip(mine.head.parameters, theirs.head.parameters).allSatisfy { $0.isIdentical(to: $1) })
    }
    #expect(read.heads.map(\.earlierDigests.count) == [0, 2])
    #expect(try HeadFile.check(bytes: bytes).count == 2)
    #expect(try read.encoded() == bytes)
  }

  private func match(_ trunk: Trunk) throws -> [MatchedHead] {
    try HeadFile(bytes: Kinds.heads().encoded()).match(BundleContents(trunk: trunk))
  }

  @Test func earlierTapsAreFoundByDigest() throws {
    let heads = try Kinds.heads()
    let same = try match(Kinds.trunk())
    #expect(same.map { $0.head.specification } == heads.heads.map(\.head.specification))
    // The same values under other numbers: named points stand last.
    let found = try match(Kinds.trunk(["relu", "clipped"], named: ["left"]))
    #expect(found.map(\.exitPoint.number) == [3, 2])
    #expect(
      found[1].head.specification.earlier == [
        EarlierTap(exit: 3, channels: 3), EarlierTap(exit: 1, channels: 3),
      ])
    #expect(zip(found[1].head.parameters, heads.heads[1].head.parameters).allSatisfy { $0.isIdentical(to: $1) })
  }

  @Test func anEarlierTapThatIsNoExitPointIsRefused() throws {
    var heads = try Kinds.heads()
    heads.heads.removeFirst()
    for names in [["left", "clipped"], ["relu", "clipped"], ["clipped"]] {
      let contents = BundleContents(trunk: try Kinds.trunk(names))
      let refusal = failure { _ = try heads.match(contents) }
      #expect(refusal?.kind == .refused && refusal?.message.contains("also reads exit") == true, "\(names)")
    }
    // A tap behind the head, whose features are not there in time.
    let digests = try Kinds.trunk().exitPoints.map(\.prefixDigest)
    heads.heads[0].prefixDigest = digests[1]
    heads.heads[0].earlierDigests = [digests[0], digests[2]]
    heads.heads[0].head = try Head.random(
      HeadSpecification(
        kind: .multitap, channels: 3, spatial: [6, 6], classes: 3,
        earlier: [EarlierTap(exit: 1, channels: 3), EarlierTap(exit: 2, channels: 4)]), seed: 1)
    let read = try HeadFile(bytes: heads.encoded())
    #expect(failure { _ = try read.match(Kinds.contents()) }?.kind == .refused)
    // And one of other channels.
    heads.heads[0].earlierDigests = [digests[0]]
    heads.heads[0].head = try Head.random(
      HeadSpecification(
        kind: .multitap, channels: 3, spatial: [6, 6], classes: 3, earlier: [EarlierTap(exit: 1, channels: 4)]),
      seed: 1)
    let other = try HeadFile(bytes: heads.encoded())
    #expect(failure { _ = try other.match(Kinds.contents()) }?.kind == .refused)
  }
}
