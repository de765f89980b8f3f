import PexBundle
import PexHeads
import PexTensor
import Testing

/// Head files whose checksums are right and whose content is not.
@Suite struct HostileHeadTests {
  private func refusal(_ change: (inout Attack) throws -> Void) throws -> PexError? {
    var attack = try Attack.heads()
    try change(&attack)
    return failure { _ = try HeadFile(bytes: attack.bytes()) }
  }

  /// Puts other numbers into the first tensor of the file and makes its checksum right.
  private func poison(_ attack: inout Attack, with number: Float) throws {
    let size = 3 * 6 * 4
    guard let index = attack.sections.firstIndex(where: { $0.kind == SectionKind.headTensors.rawValue }) else { return }
    let old = CRC32C.checksum(Array(attack.sections[index].bytes[..<size]))
    attack.sections[index].bytes.replaceSubrange(8..<12, with: little(number.bitPattern))
    let new = CRC32C.checksum(Array(attack.sections[index].bytes[..<size]))
    try attack.replace(little(old), little(new), in: .heads)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func numbersThatAreNotFinite(number: Float) throws {
    #expect(try refusal { try poison(&$0, with: number) }?.message.contains("not finite") == true)
    #expect(try refusal { try poison(&$0, with: 2) } == nil)
  }

  @Test func unknownFieldsAndKinds() throws {
    #expect(try refusal { $0.append([0xF8, 0x01, 0x01], to: .heads) }?.kind == .unsupported)
    #expect(try refusal { try $0.replace("linear", "lineal", in: .heads) }?.kind == .unsupported)
  }

  @Test func digestsTwice() throws {
    let digests = try Tiny.trunk().exitPoints.map(\.prefixDigest.bytes)
    #expect(try refusal { try $0.replace(digests[1], digests[0], in: .heads) }?.kind == .malformed)
  }

  @Test func bundleSectionsInAHeadFile() throws {
    #expect(try refusal { $0.sections[0].kind = SectionKind.trunk.rawValue }?.kind == .unsupported)
  }

  @Test func writersRefuseWhatTheSpecificationForbids() throws {
    func refused(_ change: (inout HeadFile) throws -> Void) throws -> Bool {
      var heads = try Tiny.heads(Tiny.contents())
      try change(&heads)
      return failure { _ = try heads.encoded() }?.kind == .malformed
    }
    #expect(try refused { $0.heads = [] })
    #expect(try refused { $0.heads.reverse() })
    #expect(try refused { $0.classes = ["a", "b"] })
    #expect(try refused { $0.classes = ["a", "a", "b"] })
    #expect(try refused { $0.prior = [0.5, 0.5] })
    #expect(try refused { $0.prior = [0.5, 0.5, 0.5] })
    #expect(try refused { $0.prior = [.nan, 0.5, 0.5] })
    #expect(try refused { $0.baseClassCount = -1 })
    #expect(try refused { $0.heads[1].exit = 1 })
    #expect(try refused { $0.heads[1].threshold = -1 })
    #expect(try refused { $0.policy?.thresholds = [.init(exit: 9, threshold: 0.5)] })
  }
}
