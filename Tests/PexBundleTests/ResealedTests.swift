import PexBundle
import PexTensor
import Testing

/// Every byte of every message changed and every checksum made right again: nothing crashes, and whatever is still
/// accepted is a file that pex itself would write.
@Suite struct ResealedTests {
  /// Tries all changes of one byte, and hands every file that can be opened to `accepted`.
  private func attack(
    _ bytes: [UInt8], kinds: [SectionKind], mask: UInt8, _ accepted: ([UInt8]) throws -> [UInt8]?
  ) {
    var attack = Attack(bytes)
    for index in attack.sections.indices where kinds.contains(where: { $0.rawValue == attack.sections[index].kind }) {
      for place in attack.sections[index].bytes.indices {
        attack.sections[index].bytes[place] ^= mask
        let file = attack.bytes()
        let error = failure {
          let again = try accepted(file)
          #expect(again == file, "section \(attack.sections[index].kind), byte \(place)")
        }
        #expect(
          error?.kind != .defect, "section \(attack.sections[index].kind), byte \(place): \(error?.message ?? "")")
        attack.sections[index].bytes[place] ^= mask
      }
    }
  }

  @Test(arguments: (0..<8).map { 1 << $0 } + [0xFF, 0x7F] as [UInt8])
  func changedMessagesOfABundle(mask: UInt8) throws {
    let heads = try Tiny.heads(Tiny.contents())
    attack(
      try Tiny.contents().encoded(), kinds: [.trunk, .exits, .labels, .preprocessing, .policy], mask: mask
    ) { file in
      let bundle = try BundleFile(bytes: file)
      _ = failure { _ = try bundle.match(heads) }
      for point in bundle.contents.trunk.exitPoints { _ = bundle.graph.cost(of: [point.value]) }
      _ = try bundle.check()
      return try bundle.contents.encoded()
    }
  }

  @Test(arguments: (0..<8).map { 1 << $0 } + [0xFF, 0x7F] as [UInt8])
  func changedMessagesOfAHeadFile(mask: UInt8) throws {
    let contents = try Tiny.contents()
    attack(try Tiny.heads(contents).encoded(), kinds: [.heads, .policy, .headTensors], mask: mask) { file in
      let heads = try HeadFile(bytes: file)
      _ = failure { _ = try heads.match(contents) }
      _ = try HeadFile.check(bytes: file)
      return try heads.encoded()
    }
  }
}
