import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Interrupted programs leave the old file or the new one, and nothing beside it.
@Suite struct InterruptionTests {
  /// The names in a folder, hidden ones included.
  private func names(_ folder: Folder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func trainingLeavesNothing(_ signal: Int32) throws {
    let folder = try Folder()
    let made = try Digits.made()
    let arguments = [made.base, "--data", Digits.personTrain, "--epochs", "100000", "-o", "x.pexhead"]
    let running = try RunningProgram(try Program.pextrain.path(), arguments, in: folder)
    usleep(150_000)
    running.interrupt(signal)
    // The process may not have come to its handler yet; then the signal itself ends it.
    #expect([128 + signal, -signal].contains(try running.finish().status))
    #expect(try names(folder).isEmpty)
  }

  @Test(arguments: [SIGTERM, SIGINT]) func convertingLeavesNothing(_ signal: Int32) throws {
    let elsewhere = try Folder()
    // Tens of megabytes take long enough to write that the temporary file can be seen.
    let model = try elsewhere.write("wide.onnx", ONNXModel.wide(2000))
    let folder = try Folder()
    try folder.write("x.pex", Data("old".utf8))
    let arguments = [model, "--exits", "none", "-o", "x.pex", "--force", "--quiet"]
    var interrupted = 0
    for _ in 0..<10 where interrupted < 2 {
      try folder.write("x.pex", Data("old".utf8))
      let running = try RunningProgram(try Program.pexconvert.path(), arguments, in: folder)
      let limit = ContinuousClock.now + .seconds(20)
      while try names(folder) == ["x.pex"], ContinuousClock.now < limit, try folder.read("x.pex").count == 3 {}
      let isLate = ContinuousClock.now >= limit
      running.interrupt(signal)
      let outcome = try running.finish()
      try #require(!isLate, "the program never began to write: \(outcome.stderr)")
      #expect(try names(folder) == ["x.pex"])
      guard outcome.status != 0 else { continue }
      #expect([128 + signal, -signal].contains(outcome.status))
      // Whoever is interrupted after the renaming has written the new file.
      let bytes = try folder.read("x.pex")
      if bytes != Data("old".utf8) { try Program.pexinfo.succeed(["x.pex", "--check"], in: folder) }
      interrupted += 1
    }
    #expect(interrupted == 2, "the signal came in time")
  }

  @Test func aReaderThatGoesAwayIsNoError() throws {
    let line = "\"$0\" \"$@\" | head -n 1; exit ${PIPESTATUS[0]}"
    let words = ["-c", line, try Program.pexrun.path(), try Digits.made().base, Digits.personTest]
    let outcome = try RunningProgram("/bin/bash", words).finish()
    #expect(outcome.stderr.isEmpty)
    #expect([0, 128 + SIGPIPE].contains(outcome.status))
    #expect(outcome.stdout.split(separator: "\n").count == 1)
  }
}
