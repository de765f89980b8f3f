import Foundation
import Testing

/// `pexkeras` as a person may run it.
@Suite struct ReaderProgramTests {
  /// Runs the program in front of a pipe.
  private func pipe(_ arguments: [String], into command: String, in folder: Folder) throws -> Program.Outcome {
    let line = "\"$0\" \"$@\" | \(command); exit ${PIPESTATUS[0]}"
    return try RunningProgram("/bin/bash", ["-c", line, try Program.pexkeras.path()] + arguments, in: folder).finish()
  }

  @Test func writesALineAndABundle() throws {
    let folder = try Folder()
    let outcome = try pipe([KerasFiles.sample], into: "cat > handed", in: folder)
    #expect(outcome.status == 0 && outcome.stderr.isEmpty)
    let handed = try folder.read("handed")
    let end = try #require(handed.firstIndex(of: UInt8(ascii: "\n")))
    #expect(handed.starts(with: Data("{\"format\":1,".utf8)))
    #expect(try JSONValue(handed[..<end])["producer"].string?.hasPrefix("Keras") == true)
    try folder.write("x.pex", handed[(end + 1)...])
    try Program.pexinfo.succeed(["x.pex", "--check"], in: folder)
    // Into a file it writes the same.
    #expect(try Program.pexkeras.succeed([KerasFiles.sample]).output == handed)
    let report = try Program.pexkeras.succeed([KerasFiles.sample, "--report"]).output
    #expect(report == handed[...end])
  }

  @Test func failuresWriteNothing() throws {
    let folder = try Folder()
    for (name, status) in [("truncated.h5", 65), ("unknown_layers.h5", 69), ("nothing.h5", 66)] {
      try Program.pexkeras.refuses([KerasFiles.path("bad/" + name)], status: Int32(status), in: folder)
    }
    let arguments = [KerasFiles.path("bad/unknown_layers.h5"), "--report"]
    try Program.pexkeras.refuses(arguments, status: 69, in: folder, printing: true)
    let report = try JSONValue(try Program.pexkeras.run(arguments).output)
    #expect(report["unsupported"]["entries"].items.count == 3)
  }

  @Test func aTerminalGetsNoBundle() throws {
    let folder = try Folder()
    let terminal = "/usr/bin/script"
    try #require(FileManager.default.isExecutableFile(atPath: terminal))
    func run(_ options: String) throws -> Program.Outcome {
      let line = "'\(try Program.pexkeras.path())' '\(KerasFiles.sample)' \(options)"
      return try RunningProgram(terminal, ["-qec", line, "/dev/null"], in: folder).finish()
    }
    let outcome = try run("")
    #expect(outcome.status == 64 && outcome.stdout.contains("pexkeras: error: standard output is a terminal"))
    #expect(try run("--report").stdout.hasPrefix("{\"format\":1,"))
  }

  @Test func whoeverGoesAwayIsNoError() throws {
    let outcome = try pipe([KerasFiles.sample], into: "head -c 100 > /dev/null", in: try Folder())
    #expect(outcome.status == 128 + 13 && outcome.stderr.isEmpty)
  }

  @Test(arguments: ["0", "-1", "x"]) func limitsThatAreNone(_ memory: String) throws {
    try Program.pexkeras.refuses([KerasFiles.sample, "--memory=\(memory)"], status: 64, in: try Folder())
  }

  @Test func thereIsALimitToMemory() throws {
    let folder = try Folder()
    for memory in [1, 50_000, 200_000] {
      // Whoever notices first, the importer or a library that crashes, the other program says it in one line.
      let outcome = try Program.pexconvert.run(
        [KerasFiles.sample, "--list-exits"], in: folder, environment: ["PEX_KERAS_MEMORY": "\(memory)"])
      #expect([65, 66].contains(outcome.status), "\(memory): \(outcome.stderr)")
      #expect(outcome.stderr.contains("memory"), "\(memory): \(outcome.stderr)")
      #expect(outcome.complaints.first?.hasPrefix("pexconvert: error: \(KerasFiles.sample): ") == true)
    }
    try Program.pexconvert.succeed(
      [KerasFiles.sample, "--list-exits"], environment: ["PEX_KERAS_MEMORY": "\(64 << 20)"])
  }
}
