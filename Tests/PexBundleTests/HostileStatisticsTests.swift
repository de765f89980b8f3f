import PexBundle
import PexHeads
import PexTensor
import Testing

/// Statistics that break a rule of the specification, with every checksum of the file right unless a test says so.
@Suite struct HostileStatisticsTests {
  private func opened(_ change: (inout Attack) throws -> Void) throws -> BundleFile {
    var attack = Kinds.attack(try Kinds.contents().encoded())
    try change(&attack)
    return try BundleFile(bytes: attack.bytes())
  }

  private func refusal(_ change: (inout Attack) throws -> Void) -> PexError? {
    failure { _ = try opened(change) }
  }

  /// Changes the message of exit 2, `08 02 10 03 18 03 20 02`, then four checksums.
  private func refusal(of old: [UInt8], _ new: [UInt8]) -> PexError? {
    refusal { attack in
      try attack.edit(last: 1, of: .statistics) { message in
        let start = try #require(message.indices.first { message[$0...].starts(with: old) })
        message.replaceSubrange(start..<start + old.count, with: new)
      }
    }
  }

  @Test func theUnchangedFileIsRead() throws {
    #expect(refusal { _ in } == nil)
    #expect(refusal(of: [0x08, 0x02], [0x08, 0x02]) == nil)
  }

  @Test func versionsThatHaveNone() {
    for version in [1, 2] as [UInt32] {
      #expect(refusal { $0.minimum = version }?.kind == .unsupported)
    }
  }

  @Test func oneSectionWithoutTheOther() {
    for kind in [SectionKind.statistics, .statisticsTensors] {
      #expect(refusal { $0.sections.removeAll { $0.kind == kind.rawValue } }?.message.contains("found none") == true)
    }
    let empty = refusal { attack in
      for index in attack.sections.indices.suffix(2) { attack.sections[index].bytes = [] }
    }
    #expect(empty?.kind == .malformed && empty?.message.contains("one or more") == true)
  }

  @Test func headFilesHaveNone() throws {
    var attack = Kinds.attack(try Kinds.heads().encoded())
    attack.sections.append(.init(kind: SectionKind.statistics.rawValue, bytes: []))
    #expect(failure { _ = try HeadFile(bytes: attack.bytes()) }?.kind == .unsupported)
  }

  @Test func aRankAboveTheLimit() {
    let error = refusal(of: [0x20, 0x02], [0x20] + varint(513))
    #expect(error?.message.contains("a rank of at most 512") == true)
    #expect(refusal(of: [0x20, 0x02], [0x20] + varint(Int(UInt32.max)))?.kind == .malformed)
    // Allowed, but the numbers are not there.
    #expect(refusal(of: [0x20, 0x02], [0x20] + varint(512))?.message.contains("bytes of tensors") == true)
    #expect(refusal(of: [0x20, 0x02], [])?.message.contains("bytes of tensors") == true)
  }

  @Test func channelsAndClassesThatCannotBe() {
    for field in [0x10, 0x18] as [UInt8] {
      #expect(refusal(of: [field, 0x03], [])?.kind == .malformed)
      for number in [2, 4, 1 << 20, 1 << 20 + 1, Int(UInt32.max)] {
        #expect(refusal(of: [field, 0x03], [field] + varint(number))?.kind == .malformed, "\(field): \(number)")
      }
    }
  }

  @Test func exitsThatDoNotExistOrStandInAnotherOrder() {
    // None, the last one's channels, one that is there already, none of that number.
    for replacement in [[], [0x08, 0x03], [0x08, 0x01], [0x08, 0x04], [0x08] + varint(513)] as [[UInt8]] {
      #expect(refusal(of: [0x08, 0x02], replacement)?.kind == .malformed, "\(replacement)")
    }
  }

  @Test func checksumsMissingOrTooMany() {
    func changed(_ count: Int) -> PexError? {
      refusal { attack in
        try attack.edit(last: 1, of: .statistics) { message in
          let start = try #require(message.indices.first { message[$0...].starts(with: [0x2A, 0x10]) })
          let numbers = Array(message[(start + 2)...]) + [1, 2, 3, 4]
          message.replaceSubrange(start..., with: [0x2A, UInt8(4 * count)] + numbers.prefix(4 * count))
        }
      }
    }
    #expect(changed(4) == nil)
    for count in [1, 3, 5] { #expect(changed(count)?.message.contains("expected 4, found \(count)") == true) }
  }

  @Test func moreExitsThanAnyModelHas() throws {
    let error = refusal { attack in
      let index = try #require(attack.sections.firstIndex { $0.kind == SectionKind.statistics.rawValue })
      attack.sections[index].bytes = Array(repeatElement([0x0A, 0x02, 0x08, 0x01] as [UInt8], count: 513).joined())
    }
    #expect(error?.message.contains("513 exits, expected at most 512") == true)
  }

  @Test func tensorsOfAnotherSize() throws {
    #expect(refusal { $0.append([UInt8](repeating: 0, count: 64), to: .statisticsTensors) }?.kind == .malformed)
    let short = refusal { attack in
      let index = try #require(attack.sections.indices.last)
      attack.sections[index].bytes.removeLast(4)
    }
    #expect(short?.kind == .malformed)
  }

  /// Each of the four tensors of exit 1: 3, 18, 6 and 12 numbers, each on the next multiple of 64 bytes.
  private static let tensors = [(0, 12), (64, 72), (192, 24), (256, 48)]

  /// Opening reads no tensor; the first use does, and so does a full check.
  @Test(arguments: 0..<4) func damagedTensors(_ number: Int) throws {
    let bundle = try opened { attack in
      let index = try #require(attack.sections.indices.last)
      attack.sections[index].bytes[Self.tensors[number].0 + 5] ^= 1
    }
    let first = failure { _ = try bundle.contents.statistics[0].checked() }
    #expect(first?.kind == .malformed && first?.message.contains("damaged") == true)
    #expect(failure { _ = try bundle.contents.statistics[1].checked() } == nil)
    #expect(failure { _ = try bundle.check() }?.kind == .malformed)
    // A new checksum would hide the damage.
    #expect(failure { _ = try bundle.contents.encoded() }?.kind == .malformed)
  }

  @Test(arguments: 0..<4) func bytesHiddenBehindTensors(_ number: Int) throws {
    let (start, size) = Self.tensors[number]
    let bundle = try opened { attack in
      let index = try #require(attack.sections.indices.last)
      attack.sections[index].bytes[start + size] = 1
    }
    #expect(failure { _ = try bundle.contents.statistics[0].checked() }?.message.contains("zero padding") == true)
    #expect(failure { _ = try bundle.check() }?.kind == .malformed)
  }

  @Test(arguments: [(0, -1), (0, .nan), (1, .infinity), (2, -1), (2, .nan), (3, -.infinity)] as [(Int, Float)])
  func numbersThatCannotBe(_ tensor: Int, _ number: Float) throws {
    let (start, size) = Self.tensors[tensor]
    let bundle = try opened { attack in
      let index = try #require(attack.sections.indices.last)
      let old = CRC32C.checksum(Array(attack.sections[index].bytes[start..<start + size]))
      attack.sections[index].bytes.replaceSubrange(start..<start + 4, with: little(number.bitPattern))
      let new = CRC32C.checksum(Array(attack.sections[index].bytes[start..<start + size]))
      try attack.replace(little(old), little(new), in: .statistics)
    }
    #expect(failure { _ = try bundle.contents.statistics[0].checked() }?.message.contains("not finite") == true)
    #expect(failure { _ = try bundle.check() }?.kind == .malformed)
  }

  @Test func writersRefuseWhatTheSpecificationForbids() throws {
    func refused(_ statistics: [(exit: Int, channels: Int, classes: Int)]) throws -> Bool {
      var contents = try Kinds.contents()
      contents.statistics = try statistics.map {
        ExitStatistics(exit: $0.exit, try Kinds.statistics(channels: $0.channels, classes: $0.classes))
      }
      return failure { _ = try contents.encoded() }?.kind == .malformed
    }
    #expect(try !refused([(1, 3, 3), (3, 4, 3)]))
    #expect(try refused([(3, 4, 3), (1, 3, 3)]))
    #expect(try refused([(1, 3, 3), (1, 3, 3)]))
    #expect(try refused([(0, 3, 3)]) && refused([(4, 3, 3)]))
    #expect(try refused([(1, 4, 3)]) && refused([(1, 3, 2)]))
  }
}
