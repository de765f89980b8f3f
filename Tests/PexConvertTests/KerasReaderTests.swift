import Foundation
import PexConvert
import PexGraph
import PexTensor
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// What comes back from a reader, and what a reader is given.
@Suite struct KerasReaderTests {
  @Test func theGraphComesBackAndNothingStays() throws {
    let fake = try FakeReader("cat $line $bundle")
    var source: ModelSource? = try fake.open()
    guard case .imported(let model)? = source else { return #expect(Bool(false), "expected an imported model") }
    #expect(model.source == .keras && model.opset == nil)
    #expect(model.producer == "keras 3.0.0" && model.warnings == ["a warning"])
    #expect(model.operatorCounts == [.init(op: "Dense", count: 1)])
    #expect(source?.graph.text(allNumbers: true) == (try FakeReader.graph()).text(allNumbers: true))
    source = nil
    withExtendedLifetime(model) {}
  }

  @Test func weightsStayWhereTheyCame() throws {
    let fake = try FakeReader("cat $line $bundle")
    // Where the system has no files without names they lie in memory, under another name.
    var source: ModelSource? = try fake.open()
    #expect(source?.graph.nodes.count == 4)
    source = nil
    #expect(!fake.isMapped)
  }

  @Test func slowlyIsAsWellAsAtOnce() throws {
    let fake = try FakeReader("dd if=$line bs=7 2>/dev/null; dd if=$bundle bs=111 2>/dev/null")
    #expect(try fake.open().graph.nodes.count == 4)
  }

  @Test func theReaderIsToldWhatWasAskedFor() throws {
    let fake = try FakeReader("for word in \"$@\"; do echo \"$word\"; done > $here/words; cat $line $bundle")
    let options = ImportOptions(inputShapes: ["--b:0": [1, 2], "a": [3]], outputName: "-y", outputKind: .logits)
    _ = try fake.open(architecture: "-a.json", options: options)
    let words = try fake.text("words").split(separator: "\n").map(String.init)
    let memory = ImportLimits(fileBytes: 10).memory
    #expect(
      words == [
        "--memory=\(memory)", "--input=--b:0:1x2", "--input=a:3", "--output=-y", "--output-kind=logits",
        "--architecture=-a.json", "--", fake.model,
      ])
  }

  @Test func theReaderInheritsNothing() throws {
    // Unlike all that pex opens, this one is to be inherited.
    let stray = open("/dev/null", O_RDONLY)
    defer { close(stray) }
    try #require(stray > 2)
    let fake = try FakeReader(
      "env > $here/environment; ls -l /proc/$$/fd > $here/descriptors; cat > $here/input; cat $line $bundle")
    _ = try fake.open()
    let variables = try fake.text("environment").split(separator: "\n").compactMap { $0.split(separator: "=").first }
    // PWD, OLDPWD, SHLVL and _ are the shell's own.
    let known: Set<Substring> = [
      "LD_LIBRARY_PATH", "PATH", "SWIFT_BACKTRACE", "PWD", "OLDPWD", "SHLVL", "_",
    ]
    #expect(known.isSuperset(of: variables), "\(variables)")
    // Ten or more is where the shell keeps its script.
    let descriptors = try fake.text("descriptors").split(separator: "\n").filter { $0.contains(" -> ") }
    let numbers = descriptors.compactMap { $0.components(separatedBy: " -> ")[0].split(separator: " ").last }
    #expect(numbers.compactMap { Int($0) }.filter { $0 < 10 && $0 != stray } == [0, 1, 2], "\(descriptors)")
    #expect(!descriptors.contains { $0.contains("/dev/null") && !$0.contains(" 0 -> ") })
    #expect(try fake.text("input").isEmpty)
  }

  @Test func whatIsLeftRunningDoesNotHoldUp() throws {
    let fake = try FakeReader("cat $line $bundle; sleep 300 & echo $! > $here/sleeper; exit 0")
    defer { if let sleeper = (try? fake.text("sleeper")).flatMap({ pid_t($0.dropLast()) }) { kill(sleeper, SIGKILL) } }
    #expect(try fake.open().graph.nodes.count == 4)
  }

  @Test func textsAreFitForATerminal() throws {
    let fake = try FakeReader(
      #"printf '{"format":1,"producer":"a\\u001b[2Jb","operatorCounts":[],"warnings":["c\\nd\\u202ee"]}\n'; cat $bundle"#
    )
    guard case .imported(let model) = try fake.open() else { return #expect(Bool(false)) }
    #expect(model.producer == "a [2Jb" && model.warnings == ["c d e"])
  }

  @Test func layersThatAreNotSupported() throws {
    let fake = try FakeReader(
      """
      case "$*" in *--report*)
        echo '{"format":1,"producer":"","operatorCounts":[],"warnings":[],
        "unsupported":{"entries":[{"domain":"","op":"Lambda","nodes":["a","b"]}],"hint":"do this"}}' | tr -d '\\n'; echo;;
      esac
      echo 'pexkeras: error: Lambda' >&2; exit 69
      """)
    let report = try ModelSource.unsupported(path: fake.model, kerasReader: fake.reader)
    #expect(report.entries == [.init(op: "Lambda", nodes: ["a", "b"])] && report.hint == "do this")
    #expect(fake.failure()?.kind == .unsupported)
  }

  @Test func anArchitectureIsForKerasAlone() throws {
    let fake = try FakeReader("exit 1")
    let path = fake.folder + "/bundle"
    #expect(throws: PexError.self) { try ModelSource.open(path: path, architecture: "a.json") }
    #expect(throws: Never.self) { try ModelSource.open(path: path) }
  }

  @Test(arguments: [0, 512, 1024, 1 << 20]) func aBlockOfTheUsersOwnIsSkipped(_ start: Int) throws {
    let fake = try FakeReader("cat $line $bundle")
    let file = URL(fileURLWithPath: fake.model)
    let signature = try Data(contentsOf: file)
    try (Data(repeating: 7, count: start) + signature).write(to: file)
    #expect(try fake.open().graph.nodes.count == 4)
    try (Data(repeating: 7, count: start + 8) + signature).write(to: file)
    #expect(fake.failure()?.kind == .malformed)
  }
}
