import PexBundle
import PexHeads
import PexTensor
import Testing

/// What head files hold since version 7: what answers last, base heads by name, and where the file comes from.
@Suite struct LastResortTests {
  private func file(
    _ contents: BundleContents, classes: [String] = ["dog", "cat"], heads: [PersonalHead] = [],
    base: [BaseHeadUse] = [],
    _ lastResort: LastResort = .classifierAlone, policy: PolicyRecord? = nil
  ) throws -> HeadFile {
    try HeadFile(
      for: contents, classes: classes, heads: heads, baseHeads: base, lastResort: lastResort, policy: policy,
      origin: HeadFileOrigin(
        base: "tiny.pex", date: "2026-11-28", samples: 20, labelled: 10,
        measured: .init(figure: "accuracy", samples: 8, before: 0.5, after: 0.75, gain: -0.1...0.6, cost: 0.5),
        note: "a test"))
  }

  private func base(_ contents: BundleContents) throws -> BaseHeadUse {
    try BaseHeadUse(contents.head(at: 1), for: contents.trunk, exit: 1, temperature: 3, threshold: 0.5)
  }

  @Test func classesAloneTakeSomeHundredBytes() throws {
    let contents = try Tiny.contents()
    let file = try file(contents)
    let bytes = try file.encoded()
    #expect(bytes.count < 700)
    let read = try HeadFile(bytes: bytes)
    #expect(read.lastResort == .classifierAlone && read.origin == file.origin && read.heads.isEmpty)
    #expect(read.trunkDigest == contents.trunk.digest)
    #expect(try read.encoded() == bytes && HeadFile.check(bytes: bytes).count == 2)
    #expect(try read.match(contents).isEmpty)
    // Another trunk's classifier would answer otherwise.
    let other = try Tiny.contents(.init(laterLayers: true))
    #expect(failure { _ = try read.match(other) }?.kind == .refused)
  }

  @Test func baseHeadsAreNamedAndLimited() throws {
    let contents = try Tiny.contents()
    let file = try file(contents, base: [base(contents)], policy: PolicyRecord(.confidence, 0.9))
    let read = try HeadFile(bytes: try file.encoded())
    let matched = try #require(try read.match(contents).first)
    let own = try #require(try contents.head(at: 1))
    let limited = try own.limited(to: [1, 0])
    #expect(matched.head.temperature == 3 && matched.isEnabled && matched.exitPoint.number == 1)
    #expect(zip(matched.head.parameters, limited.parameters).allSatisfy { $0.isIdentical(to: $1) })
    // Trained again, it is another head.
    var trained = contents
    trained.exits[0] = ExitRecord(exit: 1, head: try Head.random(own.specification, seed: 99))
    #expect(failure { _ = try read.match(trained) }?.kind == .refused)
    // So it is with a class that it lacks.
    let stranger = try self.file(contents, classes: ["dog", "mine"], base: [base(contents)])
    #expect(failure { _ = try HeadFile(bytes: stranger.encoded()).match(contents) }?.kind == .refused)
  }

  private func head(_ contents: BundleContents, classes: Int) throws -> PersonalHead {
    let specification = try Tiny.specification(contents.trunk, 2)
    let head = try Head.random(
      HeadSpecification(
        kind: .linear, channels: specification.channels, spatial: specification.spatial, classes: classes), seed: 5)
    return try PersonalHead(head, for: contents.trunk, exit: 2)
  }

  @Test func aHeadThatAddsMaySpeakOfTheLastClassesAlone() throws {
    let contents = try Tiny.contents()
    let classes = ["cat", "dog", "été", "mine"]
    let adding = try file(contents, classes: classes, heads: [head(contents, classes: 1)], .sum(at: 2))
    #expect(try HeadFile(bytes: adding.encoded()).match(contents).count == 1)
    // No other head may.
    for lastResort in [LastResort.head(at: 2), .classifierAlone] {
      let file = try file(contents, classes: classes, heads: [head(contents, classes: 1)], lastResort)
      #expect(failure { _ = try file.encoded() }?.kind == .malformed)
    }
  }

  @Test func whatCannotBeIsRefused() throws {
    let contents = try Tiny.contents()
    func refuses(_ change: (inout HeadFile) throws -> Void) throws -> Bool {
      var file = try file(contents, heads: [head(contents, classes: 2)], .head(at: 2))
      try change(&file)
      return failure { _ = try file.encoded() }?.kind == .malformed
    }
    #expect(try !refuses { _ in })
    #expect(try refuses { $0.lastResort = .head(at: 1) })
    #expect(try refuses { $0.lastResort = .classifierAlone })
    #expect(try refuses { $0.trunkDigest = contents.trunk.digest })
    #expect(try refuses { $0.baseHeads = [try base(contents), try base(contents)] })
    #expect(
      try refuses {
        $0.baseHeads = [try base(contents)].map {
          var use = $0
          use.temperature = 0
          return use
        }
      })
    #expect(
      try refuses {
        $0.baseHeads = [try base(contents)].map {
          var use = $0
          use.exit = 2
          return use
        }
      })
    #expect(try refuses { $0.origin?.note = "\u{1b}[2J" })
    #expect(try refuses { $0.origin?.labelled = 21 })
    #expect(try refuses { $0.origin?.measured?.after = 1.5 })
    #expect(try refuses { $0.heads = [] })
  }

  /// Every byte of such a file that is not padding is looked at.
  @Test func damageIsSeen() throws {
    let contents = try Tiny.contents()
    let whole = try file(contents, base: [base(contents)], policy: PolicyRecord(.confidence, 0.9)).encoded()
    for index in whole.indices {
      var bytes = whole
      bytes[index] ^= 0x10
      #expect(failure { _ = try HeadFile(bytes: bytes) } != nil, "byte \(index)")
    }
  }
}
