import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// What is there stays as it is, whatever goes wrong.
@Suite struct OverwriteTests {
  /// Commands that write a file, with its name in the place of `@`.
  /// - Parameter pictures: an empty folder; gets pictures without copies among them, of which a training would warn.
  private func writers(_ pictures: Folder) throws -> [(program: Program, arguments: [String])] {
    let made = try Digits.made()
    for digit in 0..<10 {
      for index in 0..<3 {
        _ = try pictures.copy("\(Digits.personTest)/\(digit)/00\(index).png", to: "\(digit)/\(index).png")
      }
    }
    // Quiet: what is said of the work ahead comes before a file is refused that only writing finds out about.
    let train = [made.base, "--data", pictures.path, "--epochs", "2", "--force-heads", "--quiet", "-o", "@"]
    return [
      (.pexconvert, [Digits.model, "--preprocess", "unit", "-o", "@"]), (.pextrain, train),
      (.pextrain, train + ["--base"]),
    ]
  }

  private func line(_ arguments: [String], _ output: String) -> [String] {
    arguments.map { $0 == "@" ? output : $0 }
  }

  @Test func anExistingFileStays() throws {
    let folder = try Folder()
    try folder.write("old", Data("old".utf8))
    let pictures = try Folder()
    for (program, arguments) in try writers(pictures) {
      let words = line(arguments, "old")
      try program.refuses(words, status: 73, saying: ["old", "--force"], in: folder)
      try program.succeed(words + ["--force"], in: folder)
      #expect(try folder.snapshot().count == 1)
      #expect(try folder.read("old") != Data("old".utf8))
      try folder.write("old", Data("old".utf8))
    }
  }

  @Test(arguments: ["none/x", "/proc/x", "/dev/full", ".", "old/x"]) func placesThatTakeNoFile(_ output: String) throws
  {
    let folder = try Folder()
    try folder.write("old", Data("old".utf8))
    let pictures = try Folder()
    for (program, arguments) in try writers(pictures) {
      for more in [[], ["--force"]] {
        try program.refuses(line(arguments, output) + more, status: 73, saying: [output], in: folder)
      }
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may write everywhere")) func aReadOnlyFolder() throws {
    let folder = try Folder()
    try folder.write("old", Data("old".utf8))
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    let pictures = try Folder()
    for (program, arguments) in try writers(pictures) {
      try program.refuses(line(arguments, "new"), status: 73, saying: ["new"], in: folder)
      try program.refuses(line(arguments, "old") + ["--force"], status: 73, saying: ["old"], in: folder)
    }
  }

  /// A limit on the size of files stops writing midway, as a full disk does. The signal that comes with it is held off.
  @Test func writingThatFailsMidwayKeepsTheOldFile() throws {
    let folder = try Folder()
    try folder.write("old", Data("old".utf8))
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""
    let pictures = try Folder()
    for (program, arguments) in try writers(pictures) {
      for output in ["old", "new"] {
        let before = try folder.snapshot()
        let words = ["-c", limited, try program.path()] + line(arguments, output) + ["--force"]
        let outcome = try RunningProgram("/bin/bash", words, in: folder).finish()
        #expect(outcome.status == 74)
        #expect(outcome.stderr.contains("\(program.rawValue): error: \(output): cannot be written"))
        #expect(try folder.snapshot() == before)
      }
    }
  }

  @Test func standardOutputThatIsFull() throws {
    let words = ["-c", "exec \"$0\" \"$@\" >/dev/full"]
    for (program, arguments) in [
      (Program.pexrun, [try Digits.made().base, Digits.picture, "--json"]),
      (.pexconvert, [Digits.model, "--list-exits"]),
      (.pexinfo, [Digits.model, "--json"]),
    ] {
      let outcome = try RunningProgram("/bin/sh", words + [try program.path()] + arguments).finish()
      #expect(outcome.status == 74)
      #expect(outcome.complaints.count == 1)
    }
  }

  @Test func aFileMayBeReplacedByWhatWasMadeFromIt() throws {
    let folder = try Folder()
    let made = try Digits.made()
    _ = try folder.copy(made.bundle, to: "a.pex")
    _ = try folder.copy(made.heads, to: "a.pexhead")
    let train = ["a.pex", "--epochs", "2", "--force", "--data", Digits.personTrain]
    try Program.pexconvert.succeed(["a.pex", "--exits", "5", "-o", "a.pex", "--force"], in: folder)
    try Program.pextrain.succeed(train + ["--base", "-o", "a.pex"], in: folder)
    try Program.pextrain.succeed(train + ["--from", "a.pexhead", "-o", "a.pexhead"], in: folder)
    try Program.pexinfo.succeed(["a.pex", "--check"], in: folder)
    try Program.pexinfo.succeed(["a.pexhead", "--check"], in: folder)
    #expect(try Program.pexinfo.report(["a.pex"], in: folder)["exits"].items.map { $0["exit"].number } == [5, 10])
    #expect(try folder.snapshot().count == 2)
  }

  @Test func aFileKeepsItsPermissions() throws {
    let folder = try Folder()
    let path = try folder.write("old.pex", Data("old".utf8))
    chmod(path, 0o600)
    try Program.pexconvert.succeed([Digits.model, "-o", "old.pex", "--force"], in: folder)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    #expect(try folder.read("old.pex") != Data("old".utf8))
  }
}
