import PexBundle
import PexTensor
import Testing

/// Every byte flipped, every length cut: an error every time, never a crash, never damaged numbers handed out.
@Suite struct DamageTests {
  /// Opens a bundle and touches everything that a run could touch.
  private func use(_ bytes: [UInt8]) throws {
    let bundle = try BundleFile(bytes: bytes)
    for id in bundle.contents.trunk.constants { try bundle.verify(constant: id) }
    for exit in bundle.contents.exits { _ = try bundle.baseHead(at: exit.exit) }
  }

  @Test(arguments: [0x01, 0x80, 0xFF] as [UInt8])
  func everyFlippedByteOfABundleIsFound(mask: UInt8) throws {
    var bytes = try Tiny.contents().encoded()
    for index in bytes.indices {
      bytes[index] ^= mask
      #expect(failure { _ = try BundleFile(bytes: bytes).check() } != nil, "byte \(index): check")
      #expect(failure { try use(bytes) } != nil, "byte \(index): use")
      bytes[index] ^= mask
    }
    try use(bytes)
  }

  @Test(arguments: [0x01, 0x80, 0xFF] as [UInt8])
  func everyFlippedByteOfAHeadFileIsFound(mask: UInt8) throws {
    var bytes = try Tiny.heads(Tiny.contents()).encoded()
    for index in bytes.indices {
      bytes[index] ^= mask
      #expect(failure { _ = try HeadFile(bytes: bytes) } != nil, "byte \(index)")
      #expect(failure { _ = try HeadFile.check(bytes: bytes) } != nil, "byte \(index): check")
      bytes[index] ^= mask
    }
    _ = try HeadFile(bytes: bytes)
  }

  @Test func everyTruncationIsFound() throws {
    let bundle = try Tiny.contents().encoded()
    for count in bundle.indices {
      #expect(failure { _ = try BundleFile(bytes: Array(bundle[..<count])) }?.kind == .malformed, "\(count) bytes")
    }
    let heads = try Tiny.heads(Tiny.contents()).encoded()
    for count in heads.indices {
      #expect(failure { _ = try HeadFile(bytes: Array(heads[..<count])) }?.kind == .malformed, "\(count) bytes")
    }
  }

  @Test func appendedBytesAreRefused() throws {
    let bundle = try Tiny.contents().encoded()
    let heads = try Tiny.heads(Tiny.contents()).encoded()
    for count in [1, 63, 64, 4096] {
      let more = [UInt8](repeating: 0, count: count)
      #expect(failure { _ = try BundleFile(bytes: bundle + more) }?.kind == .malformed)
      #expect(failure { _ = try HeadFile(bytes: heads + more) }?.kind == .malformed)
    }
  }

  @Test func damagedFilesSeenThroughAMappingAreFound() throws {
    try withFolder { folder in
      let path = folder + "/tiny.pex"
      var bytes = try Tiny.contents().encoded()
      for index in stride(from: 0, to: bytes.count, by: 13) {
        bytes[index] ^= 0x10
        try AtomicFile.write(to: path, overwriting: true) { file in try bytes.withUnsafeBytes { try file.write($0) } }
        #expect(failure { _ = try BundleFile(path: path).check() } != nil, "byte \(index)")
        bytes[index] ^= 0x10
      }
    }
  }

  @Test func otherFilesAreNotMistaken() throws {
    let bundle = try Tiny.contents().encoded()
    let heads = try Tiny.heads(Tiny.contents()).encoded()
    #expect(failure { _ = try HeadFile(bytes: bundle) }?.kind == .malformed)
    #expect(failure { _ = try BundleFile(bytes: heads) }?.kind == .malformed)
    #expect(failure { _ = try BundleFile(bytes: []) }?.kind == .malformed)
    #expect(failure { _ = try BundleFile(bytes: Array("a text".utf8)) }?.kind == .malformed)
    #expect(failure { _ = try BundleFile(path: "missing.pex") }?.kind == .unreadable)
    #expect(failure { _ = try HeadFile(path: "missing.pexhead") }?.kind == .unreadable)
    #expect(failure { _ = try HeadFile(path: "/") }?.kind == .unreadable)
  }

  @Test func writingAgainDoesNotHideDamage() throws {
    try withFolder { folder in
      let path = folder + "/tiny.pex"
      var bytes = try Tiny.contents().encoded()
      bytes[bytes.count - 60] ^= 1
      try AtomicFile.write(to: path, overwriting: false) { file in try bytes.withUnsafeBytes { try file.write($0) } }
      let bundle = try BundleFile(path: path)
      #expect(failure { _ = try bundle.contents.encoded() }?.kind == .malformed)
    }
  }
}
