import PexBundle
import PexGraph
import PexHeads
import PexTensor
import Testing

/// Files whose container and checksums are right and whose content is not.
@Suite struct HostileContentTests {
  private func refusal(_ change: (inout Attack) throws -> Void) throws -> PexError? {
    var attack = try Attack.bundle()
    try change(&attack)
    return failure { _ = try BundleFile(bytes: attack.bytes()).check() }
  }

  @Test(arguments: [SectionKind.trunk, .exits, .labels, .preprocessing, .policy])
  func unknownFieldsNeedANewerPex(section: SectionKind) throws {
    #expect(try refusal { $0.append([0xF8, 0x01, 0x01], to: section) }?.kind == .unsupported)
  }

  @Test(arguments: [SectionKind.trunk, .exits, .labels, .preprocessing, .policy])
  func messagesThatEndEarlyOrHoldNonsense(section: SectionKind) throws {
    #expect(try refusal { $0.append([0x0A, 0x7F], to: section) }?.kind == .malformed)
    #expect(try refusal { $0.append([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], to: section) }?.kind == .malformed)
    #expect(try refusal { $0.append([0x00], to: section) }?.kind == .malformed)
  }

  @Test func fieldsTwiceOrPaddedAreNotCanonical() throws {
    #expect(try refusal { $0.append([0x08, 0x01], to: .trunk) }?.message.contains("canonical") == true)
    #expect(try refusal { try $0.replace([0x08, 0x01], [0x08, 0x81, 0x00], in: .trunk) }?.kind == .malformed)
  }

  @Test func deepNestingIsRefused() throws {
    let groups = [UInt8](repeating: 0x7B, count: 100_000) + [UInt8](repeating: 0x7C, count: 100_000)
    #expect(try refusal { $0.append(groups, to: .trunk) }?.kind == .malformed)
    let messages = (0..<1000).reduce([UInt8]()) { inner, _ in [0x7A, UInt8(min(inner.count, 127))] + inner }
    #expect(try refusal { $0.append(messages, to: .trunk) } != nil)
  }

  @Test func brokenTextIsRefused() throws {
    #expect(
      try refusal { try $0.replace(Array("left".utf8), [0xFF, 0xFE, 0x80, 0x80], in: .trunk) }?.kind == .malformed)
  }

  @Test func nodesReadOnlyWhatIsThere() throws {
    // Node 'left' reads the values 0 and 1; 12 is computed after it, 127 does not exist.
    #expect(try refusal { try $0.replace([0x2A, 2, 0, 1], [0x2A, 2, 12, 1], in: .trunk) }?.kind == .malformed)
    #expect(try refusal { try $0.replace([0x2A, 2, 0, 1], [0x2A, 2, 127, 1], in: .trunk) }?.kind == .malformed)
    #expect(try refusal { try $0.replace([0x2A, 2, 0, 1], [0x2A, 2, 6, 1], in: .trunk) }?.kind == .malformed)
    #expect(try refusal { try $0.replace([0x2A, 2, 0, 1], [0x2A, 2, 1, 0], in: .trunk) }?.kind == .malformed)
  }

  @Test func constantsStandInTheOrderOfTheirUse() throws {
    var graph = Graph()
    var sum = try graph.addInput("x", ValueType(.float32, [.batch, 2]))
    for name in ["first", "second"] {
      let constant = try graph.addConstant(name, Tensor([1, 2], [1, 2] as [Float]))
      sum = try graph.addNode(.binary(Binary(.add)), [sum, constant], output: "sum of " + name)
    }
    graph.addOutput(sum)
    var attack = Attack(try BundleContents(trunk: Trunk(graph)).encoded())
    try attack.replace([0x2A, 2, 0, 1], [0x2A, 2, 0, 2], in: .trunk)
    try attack.replace([0x2A, 2, 3, 2], [0x2A, 2, 3, 1], in: .trunk)
    #expect(failure { _ = try BundleFile(bytes: attack.bytes()) }?.message.contains("canonical") == true)
  }

  @Test func namesAreUniqueAndNotEmpty() throws {
    #expect(try refusal { try $0.replace("weight1", "weight0", in: .trunk) }?.kind == .malformed)
    #expect(try refusal { try $0.replace([0x32, 3] + Array("sum".utf8), [0x32, 0], in: .trunk) }?.kind == .malformed)
  }

  @Test func unknownOperationsAndSettingsNeedANewerPex() throws {
    #expect(try refusal { try $0.replace([0x10, 7, 0x18, 1], [0x10, 99, 0x18, 1], in: .trunk) }?.kind == .unsupported)
    #expect(try refusal { try $0.replace([0x10, 7, 0x18, 1], [0x10, 7, 0x18, 2], in: .trunk) }?.kind == .unsupported)
    #expect(try refusal { try $0.replace("groups", "groupz", in: .trunk) } != nil)
    #expect(try refusal { try $0.replace("nchw", "nxyz", in: .trunk) }?.kind == .unsupported)
    let kind = [0x12, 6] + Array("logits".utf8)
    #expect(try refusal { try $0.replace(kind, [0x12, 6] + Array("lagits".utf8), in: .trunk) }?.kind == .unsupported)
  }

  @Test func tensorsHaveSizesThatCanBeCounted() throws {
    let huge = [UInt8](repeating: 0xFF, count: 8) + [0x7F]
    #expect(
      try refusal { attack in
        try attack.replace([0x22, 4, 3, 2, 3, 3], [0x22, 22] + huge + huge + [2, 3, 3, 3], in: .trunk)
      }?.kind == .malformed)
    // No elements, but strides that overflow.
    #expect(
      failure {
        let shape = try Shape([0, 1 << 62, 4])
        _ = shape.strides
      }?.kind == .malformed)
    #expect(try refusal { try $0.replace([0x22, 4, 3, 2, 3, 3], [0x22, 4, 3, 2, 3, 2], in: .trunk) } != nil)
    #expect(try refusal { try $0.replace([0x22, 4, 3, 2, 3, 3], [0x22, 4, 127, 127, 3, 3], in: .trunk) } != nil)
  }

  @Test func wrongDigestsAndCostsAreFoundByTheCheck() throws {
    let trunk = try Tiny.trunk()
    for digest in [trunk.digest] + trunk.exitPoints.map(\.prefixDigest) {
      let other = digest.bytes.map { $0 ^ 1 }
      #expect(try refusal { try $0.replace(digest.bytes, other, in: .exits) }?.message.contains("digest") == true)
      #expect(try refusal { try $0.replace([32] + digest.bytes, [31] + other.dropLast(), in: .exits) } != nil)
    }
  }

  @Test func readersRefuseWhatWritersRefuse() throws {
    #expect(try refusal { try $0.replace("dog", "cat", in: .labels) }?.kind == .malformed)
    #expect(try refusal { try $0.replace("dog", "d\ng", in: .labels) }?.kind == .malformed)
    #expect(try refusal { try $0.replace("confidence", "confidenza", in: .policy) }?.kind == .unsupported)
    #expect(
      try refusal { try $0.replace(little(Float(0.8).bitPattern), little(UInt32(0x7FC0_0000)), in: .policy) } != nil)
    #expect(try refusal { try $0.replace("rgb", "rbg", in: .preprocessing) }?.kind == .unsupported)
  }

  @Test func writersRefuseWhatTheSpecificationForbids() throws {
    func refused(_ change: (inout BundleContents) throws -> Void) throws -> Bool {
      var contents = try Tiny.contents()
      try change(&contents)
      return failure { _ = try contents.encoded() }?.kind == .malformed
    }
    #expect(try refused { $0.labels = ["a", "b"] })
    #expect(try refused { $0.labels = ["a", "b", ""] })
    #expect(try refused { $0.labels = ["a", "b", String(repeating: "c", count: 1025)] })
    #expect(try refused { $0.exits.reverse() })
    #expect(try refused { $0.exits[1].exit = 3 })
    #expect(try refused { $0.exits[1].exit = 1 })
    #expect(try refused { $0.exits[0].temperature = 0 })
    #expect(try refused { $0.exits[0].threshold = .nan })
    #expect(try refused { $0.exits[0].specification = $0.exits[1].specification })
    #expect(try refused { $0.policy?.value = 1.5 })
    #expect(try refused { $0.policy?.thresholds = [.init(exit: 7, threshold: 0.5)] })
    #expect(try refused { $0.preprocessing?.mean = [1] })
    #expect(try refused { $0.preprocessing?.standardDeviation = [1, 0, 1] })
    #expect(try refused { $0.preprocessing?.cropWidth = nil })
    #expect(try refused { $0.producer = String(repeating: "x", count: 5000) })
  }
}
