import Foundation
import PexBundle
import PexConvert
import PexGraph
import PexTensor
import Testing

/// Readers that crash, lie or never end: one clear error each, and this process goes on.
@Suite struct BadReaderTests {
  /// What a reader does, and what is to be said of it.
  struct Case: CustomTestStringConvertible, Sendable {
    let script: String
    let kind: PexError.Kind
    let words: [String]

    init(_ script: String, _ kind: PexError.Kind = .malformed, _ words: String...) {
      self.script = script
      self.kind = kind
      self.words = words
    }

    var testDescription: String { script }
  }

  private static func check(_ script: String, _ kind: PexError.Kind, _ words: [String]) throws {
    let fake = try FakeReader(script)
    fake.reader.memory = 1 << 20
    let error = try #require(fake.failure())
    let text = Comment(rawValue: "\(error)")
    #expect(error.kind == kind, text)
    #expect(error.message.contains(fake.model), text)
    for word in words { #expect("\(error)".contains(word), text) }
    #expect(!"\(error)".unicodeScalars.contains { $0.properties.generalCategory == .control }, text)
  }

  @Test(arguments: [
    Case("exit 0", .malformed, "said nothing"),
    Case("echo; cat $bundle", .malformed, "JSON"),
    Case("echo garbage; cat $bundle", .malformed, "JSON"),
    Case("echo '{}'; cat $bundle", .malformed, "JSON"),
    Case("echo '[1,2]'; cat $bundle", .malformed, "JSON"),
    Case("echo '{\"format\":2}'; cat $bundle", .unsupported, "same version"),
    Case("echo '{\"format\":1,\"producer\":7}'; cat $bundle", .malformed, "JSON"),
    Case("head -c 100000 /dev/zero | tr '\\0' '['; echo; cat $bundle", .malformed, "JSON"),
    Case("cat $bundle", .malformed, "JSON"),
    Case("cat $line", .malformed, "bundle"),
    Case("cat $line; echo garbage", .malformed, "bundle"),
    Case("cat $line; head -c 100 $bundle", .malformed, "section table"),
    Case("cat $line $bundle $bundle", .malformed, "bytes"),
    Case("cat $line $line $bundle", .malformed, "bundle"),
    Case("head -c 5000000 /dev/zero", .malformed, "first line"),
    Case("cat /dev/zero", .malformed, "first line"),
    Case("cat $line /dev/zero", .malformed, "more than 1048576 bytes of a bundle"),
  ])
  func answers(_ bad: Case) throws { try Self.check(bad.script, bad.kind, bad.words) }

  @Test(arguments: [
    Case("kill -SEGV $$", .malformed, "crashed", "signal 11"),
    Case("cat $line; kill -SEGV $$", .malformed, "crashed"),
    Case("cat $line $bundle; kill -ABRT $$", .malformed, "crashed", "signal 6", "PEX_KERAS_MEMORY"),
    Case("cat $line; head -c 300 $bundle; kill -KILL $$", .malformed, "killed"),
    Case("kill -XCPU $$", .malformed, "processor time"),
    Case("kill -PIPE $$", .malformed, "signal 13"),
    Case("cat $line $bundle; exit 1", .unsupported, "status 1"),
    Case("exit 127", .unsupported, "status 127"),
    Case("echo 'libhdf5.so: not found' >&2; exit 127", .unsupported, "libhdf5.so: not found"),
  ])
  func ends(_ bad: Case) throws { try Self.check(bad.script, bad.kind, bad.words) }

  @Test(arguments: [
    Case("yes bad >&2", .malformed, "65536 bytes on standard error"),
    Case("cat $line $bundle; head -c 70000 /dev/zero >&2", .malformed, "standard error"),
    Case("printf '\\033[2J\\007\\n\\302\\205x' >&2; exit 9", .unsupported, "status 9"),
    Case("printf 'pexkeras: error: \\033[2J\\r\\n' >&2; exit 65", .malformed, "[2J"),
    Case("printf '\\377\\376' >&2; exit 9", .unsupported, "status 9"),
  ])
  func words(_ bad: Case) throws { try Self.check(bad.script, bad.kind, bad.words) }

  @Test(arguments: PexError.Kind.allCases) func statusesKeepTheirMeaning(_ kind: PexError.Kind) throws {
    let fake = try FakeReader(
      "echo 'a warning of the loader' >&2; echo 'pexkeras: error: what is wrong' >&2; echo 'hint: what to do' >&2; "
        + "exit \(kind.exitStatus)")
    let error = try #require(fake.failure())
    #expect(error.kind.exitStatus == kind.exitStatus)
    #expect(error.message == "\(fake.model): what is wrong" && error.hint == "what to do")
  }

  @Test func whatTakesTooLongIsEnded() throws {
    for script in ["exec sleep 300", "cat $line $bundle; exec sleep 300 >&- 2>&-", "cat $line; exec sleep 300"] {
      let fake = try FakeReader(script)
      fake.reader.timeout = .milliseconds(300)
      let error = try #require(fake.failure())
      #expect(error.kind == .malformed && error.message.contains("took more than"))
    }
  }

  @Test func readersThatAreNone() throws {
    let fake = try FakeReader("exit 0")
    for program in ["/nowhere/pexkeras", fake.folder, fake.model, ""] {
      fake.reader.program = program
      let error = try #require(fake.failure())
      #expect(error.kind == .unsupported, "\(program): \(error)")
    }
    // Executable, but no program.
    chmod(fake.model, 0o755)
    fake.reader.program = fake.model
    #expect(fake.failure()?.message.contains("cannot be started") == true)
  }

  @Test func foldersThatTakeNoFile() throws {
    let fake = try FakeReader("cat $line $bundle")
    fake.reader.temporaryFolder = "/nowhere"
    // Memory takes the place of the disk.
    #expect(try fake.open().graph.nodes.count == 4)
  }

  @Test func everyByteOfTheBundleCounts() throws {
    let fake = try FakeReader("cat $line $here/damaged")
    let file = URL(fileURLWithPath: fake.folder + "/damaged")
    for place in stride(from: 0, to: fake.bundle.count, by: 7) {
      var damaged = fake.bundle
      damaged[place] ^= 1 << (place % 8)
      try Data(damaged).write(to: file)
      let error = fake.failure()
      // A flipped bit may ask for a newer version.
      #expect([.malformed, .unsupported].contains(error?.kind), "byte \(place): \(String(describing: error))")
    }
    for length in stride(from: 0, to: fake.bundle.count, by: 61) {
      try Data(fake.bundle.prefix(length)).write(to: file)
      #expect(fake.failure()?.kind == .malformed, "length \(length)")
    }
    // The whole one is fine, so it is the damage that is refused.
    try Data(fake.bundle).write(to: file)
    #expect(fake.failure() == nil)
  }
}
