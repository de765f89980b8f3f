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
    (attack.version, attack.minimum) = (UInt32(bytes[8]), UInt32(bytes[12]))
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
    let kinds: [SectionKind] = [.trunk, .exits, .labels, .preprocessing, .policy]
    attackBundle(try Tiny.contents().encoded(), kinds, mask, heads)
  }

  /// Earlier taps, prototypes and statistics.
  @Test(arguments: (0..<8).map { 1 << $0 } + [0xFF, 0x7F] as [UInt8])
  func changedMessagesOfNewKinds(mask: UInt8) throws {
    let heads = try Kinds.heads()
    attackBundle(try Kinds.contents().encoded(), [.exits, .statistics, .statisticsTensors], mask, heads)
    attackHeads(try heads.encoded(), mask, try Kinds.contents())
  }

  private func attackBundle(_ bytes: [UInt8], _ kinds: [SectionKind], _ mask: UInt8, _ heads: HeadFile) {
    attack(bytes, kinds: kinds, mask: mask) { file in
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
    attackHeads(try Tiny.heads(contents).encoded(), mask, contents)
  }

  private func attackHeads(_ bytes: [UInt8], _ mask: UInt8, _ contents: BundleContents) {
    attack(bytes, kinds: [.heads, .policy, .headTensors], mask: mask) { file in
      let heads = try HeadFile(bytes: file)
      _ = failure { _ = try heads.match(contents) }
      _ = try HeadFile.check(bytes: file)
      return try heads.encoded()
    }
  }
}
