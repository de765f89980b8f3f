import PexBundle
import PexTensor
import Testing

/// Packed weights that break a rule of the specification, with every checksum of the file right.
@Suite struct HostilePackedTests {
  /// Floats of a piece, as the specification says.
  private static let pieceFloats = 1 << 18

  private static func attack() throws -> Attack {
    var contents = try Tiny.contents()
    let digest = try #require(Digest([UInt8](repeating: 3, count: 32)))
    contents.packed = PackedRecord(
      instructionSet: "avx2", arrangement: digest,
      segments: [try Tensor(repeating: 1, [32]), try Tensor(repeating: 2, [Self.pieceFloats + 16])])
    var attack = Attack(try contents.encoded())
    (attack.version, attack.minimum) = (2, 2)
    return attack
  }

  private func refusal(_ change: (inout Attack) throws -> Void) throws -> PexError? {
    var attack = try Self.attack()
    try change(&attack)
    do {
      _ = try BundleFile(bytes: attack.bytes())
      return nil
    } catch let error as PexError { return error }
  }

  @Test func theUnchangedFileIsRead() throws {
    #expect(try refusal { _ in } == nil)
  }

  @Test func anOlderVersionHasNoPackedWeights() throws {
    #expect(try refusal { ($0.version, $0.minimum) = (1, 1) } != nil)
    #expect(try refusal { ($0.version, $0.minimum) = (2, 1) } != nil)
  }

  @Test(arguments: [SectionKind.packed, .packedTensors])
  func oneSectionWithoutTheOther(_ kind: SectionKind) throws {
    #expect(try refusal { $0.sections.removeAll { $0.kind == kind.rawValue } } != nil)
  }

  @Test func tensorsOfAnotherSize() throws {
    #expect(try refusal { $0.append([UInt8](repeating: 0, count: 64), to: .packedTensors) } != nil)
    #expect(
      try refusal { attack in
        for index in attack.sections.indices where attack.sections[index].kind == SectionKind.packedTensors.rawValue {
          attack.sections[index].bytes.removeLast(64)
        }
      } != nil)
  }

  /// 32 floats, `08 20`, become 33, and 2^63.
  @Test func countsThatCannotBe() throws {
    #expect(try refusal { try $0.replace([0x08, 0x20], [0x08, 0x21], in: .packed) } != nil)
    #expect(
      try refusal { $0.append([0x1A, 0x0B, 0x08] + [UInt8](repeating: 0x80, count: 9) + [0x01], to: .packed) } != nil)
  }

  @Test func aChecksumForEachPiece() throws {
    let bundle = try BundleFile(bytes: try Self.attack().bytes())
    let packed = try #require(bundle.contents.packed)
    #expect(packed.segments.indices.map { packed.pieceCount(segment: $0) } == [1, 2])
    for segment in packed.segments.indices {
      for piece in 0..<packed.pieceCount(segment: segment) { try packed.verify(segment: segment, piece: piece) }
    }
    #expect(throws: PexError.self) { try packed.verify(segment: 1, piece: 2) }
    #expect(throws: PexError.self) { try packed.verify(segment: 2, piece: 0) }
  }
}
