import PexBundle
import PexTensor
import Testing

/// Files whose checksums are right and whose container is not.
@Suite struct HostileContainerTests {
  private func refusal(_ change: (inout Attack) throws -> Void) throws -> PexError? {
    var attack = try Attack.bundle()
    try change(&attack)
    return failure { _ = try BundleFile(bytes: attack.bytes()) }
  }

  @Test func theUnchangedFileIsRead() throws {
    #expect(try Attack.bundle().bytes() == Tiny.contents().encoded())
    #expect(try Attack.heads().bytes() == Tiny.heads(Tiny.contents()).encoded())
  }

  @Test func overlappingSections() throws {
    #expect(try refusal { $0.sections[1].offset = 256 }?.message.contains("exits: expected it to begin") == true)
  }

  @Test func roomBetweenSections() throws {
    let error = try refusal { $0.sections[1].offset = 64 * 40 }
    #expect(error?.kind == .malformed)
  }

  @Test(arguments: [UInt64.max, UInt64.max - 63, 1 << 63, 1 << 62] as [UInt64])
  func offsetsAndLengthsBeyondEverything(number: UInt64) throws {
    for index in 0..<7 {
      #expect(try refusal { $0.sections[index].offset = number }?.kind == .malformed)
      #expect(try refusal { $0.sections[index].length = number }?.kind == .malformed)
    }
  }

  @Test(arguments: [8, 33, 1 << 20, UInt32.max] as [UInt32])
  func moreSectionsThanThereAre(count: UInt32) throws {
    #expect(try refusal { $0.count = count }?.kind == .malformed)
  }

  @Test func noSections() throws {
    #expect(try refusal { $0.sections = [] }?.message.contains("trunk: expected this section") == true)
  }

  @Test(arguments: [0, 1, 5, 6]) func missingSections(index: Int) throws {
    #expect(try refusal { $0.sections.remove(at: index) }?.kind == .malformed)
  }

  @Test func sectionsTwiceOrInAnotherOrder() throws {
    #expect(try refusal { $0.sections.insert($0.sections[2], at: 2) }?.message.contains("ascending") == true)
    #expect(try refusal { $0.sections.swapAt(2, 3) }?.message.contains("ascending") == true)
  }

  @Test(arguments: [0, 2, 9, UInt32.max] as [UInt32]) func unknownSections(kind: UInt32) throws {
    #expect(try refusal { $0.sections[2].kind = kind }?.kind == .unsupported)
  }

  @Test func versions() throws {
    let newer = try refusal { ($0.version, $0.minimum) = (Format.version + 1, Format.version + 1) }
    #expect(newer?.kind == .unsupported && newer?.hint == "use a newer pex")
    #expect(try refusal { $0.minimum = 0 }?.kind == .malformed)
    #expect(try refusal { ($0.version, $0.minimum) = (0, 1) }?.kind == .malformed)
    // Written by a newer pex, but nothing newer in it.
    #expect(try refusal { $0.version = Format.version + 1 } == nil)
  }

  @Test func paddingThatIsNotZero() throws {
    #expect(try refusal { $0.padding = 1 }?.message.contains("padding") == true)
  }

  @Test func paddingBetweenTensorsThatIsNotZero() throws {
    var attack = try Attack.bundle()
    // The first tensor has 54 numbers, 216 bytes; the next one begins at 256.
    attack.sections[6].bytes[220] = 1
    let bundle = try BundleFile(bytes: attack.bytes())
    let first = try #require(bundle.contents.trunk.constants.first)
    #expect(failure { try bundle.verify(constant: first) }?.message.contains("padding") == true)
    #expect(failure { _ = try bundle.check() }?.kind == .malformed)
  }

  @Test func tensorsThatDoNotFillTheirSection() throws {
    #expect(try refusal { $0.append([0, 0, 0, 0], to: .trunkTensors) }?.kind == .malformed)
    #expect(try refusal { $0.sections[6].bytes.removeLast() }?.kind == .malformed)
    #expect(try refusal { $0.sections[6].bytes = [] }?.kind == .malformed)
    #expect(try refusal { $0.append([0, 0, 0, 0], to: .headTensors) }?.kind == .malformed)
  }

  @Test func tooLargeMessages() throws {
    let labels = [UInt8](repeating: 0, count: BundleLimits.messageBytes + 1)
    #expect(try refusal { $0.sections[2].bytes = labels }?.kind == .malformed)
  }
}
