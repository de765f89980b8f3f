import PexBundle
import PexHeads
import PexTensor
import Testing

/// Multitap and prototype heads that break a rule of the specification, with every checksum of the file right.
@Suite struct HostileKindsTests {
  private func refusal(_ change: (inout Attack) throws -> Void) throws -> PexError? {
    var attack = Kinds.attack(try Kinds.contents().encoded())
    try change(&attack)
    return failure { _ = try BundleFile(bytes: attack.bytes()) }
  }

  private func refusalOfHeads(_ change: (inout Attack) throws -> Void) throws -> PexError? {
    var attack = Kinds.attack(try Kinds.heads().encoded())
    try change(&attack)
    return failure { _ = try HeadFile(bytes: attack.bytes()) }
  }

  @Test func theUnchangedFilesAreRead() throws {
    #expect(try refusal { _ in } == nil)
    #expect(try refusalOfHeads { _ in } == nil)
  }

  /// An older pex that believed the header would take the file apart wrongly.
  @Test(arguments: [1, 2] as [UInt32]) func aFileThatClaimsToBeOlderThanItsHeads(_ version: UInt32) throws {
    let bundle = try refusal { attack in
      attack.minimum = version
      attack.sections.removeAll { $0.kind >= SectionKind.statistics.rawValue }
    }
    #expect(bundle?.kind == .malformed && bundle?.message.contains("minimum reader version") == true)
    let heads = try refusalOfHeads { $0.minimum = version }
    #expect(heads?.kind == .malformed && heads?.message.contains("minimum reader version") == true)
    #expect(try refusal { $0.minimum = version }?.kind == .unsupported)
  }

  /// The head of exit 3 reads `4A 04 08 01 10 03`, exit 1 of 3 channels, and exit 2 of 3 channels.
  @Test(
    arguments: [
      // Itself; no exit point; itself with its own channels.
      [0x08, 0x03, 0x10, 0x03], [0x08, 0x09, 0x10, 0x03], [0x08, 0x03, 0x10, 0x04],
      // Other channels; exit 1 again; channels that no tap has.
      [0x08, 0x02, 0x10, 0x04], [0x08, 0x01, 0x10, 0x03], [0x08, 0x02, 0x10, 0x7F],
    ] as [[UInt8]])
  func earlierTapsThatCannotBeRead(_ tap: [UInt8]) throws {
    let error = try refusal { attack in
      try attack.edit(last: 3, of: .exits) { exit in
        let start = exit.indices.first { exit[$0...].starts(with: [0x4A, 0x04, 0x08, 0x02]) } ?? 0
        exit.replaceSubrange(start + 2..<start + 6, with: tap)
      }
    }
    #expect(error?.kind == .malformed)
  }

  /// Exit 2, whose head is not trained, would read exit 3, which lies behind it.
  @Test func aTapBehindTheHead() throws {
    let error = try refusal {
      try $0.replace([0x4A, 0x04, 0x08, 0x01, 0x10, 0x03], [0x4A, 0x04, 0x08, 0x03, 0x10, 0x04], in: .exits)
    }
    #expect(error?.kind == .malformed && error?.message.contains("in front of it") == true)
  }

  @Test func digestsOfEarlierTapsMissingOrTooMany() throws {
    let digest = try Kinds.trunk().exitPoints[2].prefixDigest.bytes
    let missing = try refusalOfHeads { try $0.edit(last: 7, of: .heads) { $0.removeLast(34) } }
    #expect(missing?.message.contains("a digest for each of 2 earlier taps, found 1") == true)
    let more = try refusalOfHeads { try $0.edit(last: 7, of: .heads) { $0 += [0x32, 0x20] + digest } }
    #expect(more?.message.contains("a digest for each of 2 earlier taps, found 3") == true)
    let short = try refusalOfHeads { attack in
      try attack.edit(last: 7, of: .heads) { head in
        head.removeLast(34)
        head += [0x32, 0x1F] + digest.dropLast()
      }
    }
    #expect(short?.kind == .malformed)
  }

  @Test func earlierTapsOfAPersonTwiceOrTheHeadsOwn() throws {
    let digests = try Kinds.trunk().exitPoints.map(\.prefixDigest.bytes)
    for (old, new) in [(1, 0), (0, 1), (1, 2), (0, 2)] {
      let error = try refusalOfHeads { attack in
        try attack.edit(last: 7, of: .heads) { head in
          let start = try #require(head.indices.last { head[$0...].starts(with: digests[old]) })
          head.replaceSubrange(start..<start + 32, with: digests[new])
        }
      }
      #expect(error?.kind == .malformed, "digest \(new) in place of \(old)")
    }
    // By number: the head's own, and none that any bundle has.
    for number in [[0x03], [0x81, 0x04]] as [[UInt8]] {
      var heads = try Kinds.heads()
      let exit = Int(number[0] & 0x7F) + (number.count > 1 ? 512 : 0)
      let old = heads.heads[1].head
      heads.heads[1].head = try Head(
        HeadSpecification(
          kind: .multitap, channels: 4, spatial: old.specification.spatial, classes: 3,
          earlier: [EarlierTap(exit: 1, channels: 3), EarlierTap(exit: exit, channels: 3)]),
        parameters: old.parameters)
      #expect(failure { _ = try heads.encoded() }?.kind == .malformed)
    }
  }

  /// Puts a number into the counts of the first prototype head and makes its checksum right.
  private func poison(_ attack: inout Attack, _ number: Float, in kind: SectionKind) throws {
    let (size, start) = (3 * 4, (3 * 6 * 4 + 63) / 64 * 64)
    let index = try #require(attack.sections.firstIndex { $0.kind == SectionKind.headTensors.rawValue })
    let old = CRC32C.checksum(Array(attack.sections[index].bytes[start..<start + size]))
    attack.sections[index].bytes.replaceSubrange(start..<start + 4, with: little(number.bitPattern))
    let new = CRC32C.checksum(Array(attack.sections[index].bytes[start..<start + size]))
    try attack.replace(little(old), little(new), in: kind)
  }

  @Test(arguments: [.nan, -1, -.infinity] as [Float]) func countsThatCannotBe(_ number: Float) throws {
    #expect(try refusalOfHeads { try poison(&$0, number, in: .heads) }?.kind == .malformed)
    #expect(try refusalOfHeads { try poison(&$0, 7, in: .heads) } == nil)
    var attack = Kinds.attack(try Kinds.contents().encoded())
    try poison(&attack, number, in: .exits)
    let bundle = try BundleFile(bytes: attack.bytes())
    #expect(failure { _ = try bundle.baseHead(at: 1) }?.kind == .malformed)
    #expect(failure { _ = try bundle.check() }?.kind == .malformed)
  }

  @Test func writersRefuseWhatTheSpecificationForbids() throws {
    let trunk = try Kinds.trunk()
    func refused(_ exit: Int, _ earlier: [EarlierTap]) throws -> Bool {
      var contents = try Kinds.contents()
      let tap = try Kinds.specification(trunk, exit, .linear)
      contents.exits[exit - 1] = ExitRecord(
        exit: exit,
        specification: try HeadSpecification(
          kind: .multitap, channels: tap.channels, spatial: tap.spatial, classes: 3, earlier: earlier))
      return failure { _ = try contents.encoded() }?.kind == .malformed
    }
    #expect(try !refused(3, [EarlierTap(exit: 2, channels: 3), EarlierTap(exit: 1, channels: 3)]))
    #expect(try refused(3, [EarlierTap(exit: 3, channels: 4)]))
    #expect(try refused(2, [EarlierTap(exit: 3, channels: 4)]))
    #expect(try refused(2, [EarlierTap(exit: 1, channels: 4)]))
    #expect(try refused(2, [EarlierTap(exit: 4, channels: 3)]))
    var heads = try Kinds.heads()
    heads.heads[1].earlierDigests.removeLast()
    #expect(failure { _ = try heads.encoded() }?.kind == .malformed)
    heads = try Kinds.heads()
    heads.heads[0].earlierDigests = [trunk.exitPoints[1].prefixDigest]
    #expect(failure { _ = try heads.encoded() }?.kind == .malformed)
  }
}
