import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Features on disk spare the trunk's work, and nothing that happens to them harms heads.
@Suite struct FeatureCacheTests {
  private func arguments(_ more: [String] = []) throws -> [String] {
    [try Digits.made().base, "--data", Digits.personTrain, "--force-heads", "-o", "x.pexhead"] + more
  }

  @Test func theNextTrainingRunsTheTrunkForNothing() throws {
    let folder = try Folder()
    let expected = try Digits.made().folder.read("person.pexhead")
    let training = try Digits.made().training
    // Copies are looked at before anybody knows that they are.
    let read = try #require(training["images"].number) + #require(training["copies"]["count"].number)
    for (passes, threads) in [(read, "1"), (0, "2"), (0, "1")] {
      let report = try Program.pextrain.report(
        try arguments(["--cache", "c", "--threads", threads, "--force"]), in: folder)
      #expect(report["passes"].number == passes)
      #expect(try folder.read("x.pexhead") == expected)
    }
    #expect(training["passes"].number == read)
  }

  @Test func tooMuchMemoryIsRefusedBeforeWork() throws {
    let folder = try Folder()
    try folder.write("x.pexhead", Data("old".utf8))
    let convolutions = try arguments(["--force", "--head", "conv", "--memory", "1"])
    try Program.pextrain.refuses(
      convolutions, status: 64, saying: ["MiB", "--cache", "--exits", "--head linear", "--memory"], in: folder)
    let report = try Program.pextrain.report(convolutions + ["--cache", "c", "--epochs", "2"], in: folder)
    #expect(report["exits"].items.count == 4)
    for wrong in [["--memory", "0"], ["--memory", "many"], ["--cache", "-"]] {
      try Program.pextrain.refuses(try arguments(["--force"] + wrong), status: 64, in: folder)
    }
    try Program.pextrain.refuses(
      try arguments(["--force", "--cache", "x.pexhead"]), status: 73, saying: ["x.pexhead"], in: folder)
  }

  @Test func aFullDiskLeavesHeadsAndWhatIsCached() throws {
    let folder = try Folder()
    try folder.write("x.pexhead", Data("old".utf8))
    // Files may not grow beyond 32 KiB: what a full disk is to whoever writes.
    let line = "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\""
    let words = ["-c", line, try Program.pextrain.path()] + (try arguments(["--cache", "c", "--force", "--quiet"]))
    let outcome = try RunningProgram("/bin/bash", words, in: folder).finish()
    #expect(outcome.status == 74, "\(outcome.stderr)")
    #expect(outcome.complaints.count == 2 && outcome.stderr.contains("cannot be written"))
    #expect(outcome.complaints.last?.contains("make room") == true)
    #expect(try folder.read("x.pexhead") == Data("old".utf8))
    let report = try Program.pextrain.report(try arguments(["--cache", "c", "--force"]), in: folder)
    let images = try #require(report["images"].number)
    #expect(try #require(report["passes"].number) < images)
    #expect(try folder.read("x.pexhead") == Digits.made().folder.read("person.pexhead"))
  }

  @Test func aTrainingThatIsKilledGoesOn() throws {
    let folder = try Folder()
    let old = Data("old".utf8)
    let expected = try Digits.made().folder.read("person.pexhead")
    try folder.write("x.pexhead", old)
    let words = try arguments(["--cache", "c", "--force"])
    for attempt in 0..<25 {
      let running = try RunningProgram(try Program.pextrain.path(), words, in: folder)
      usleep(UInt32(4000 * attempt))
      running.interrupt(SIGKILL)
      #expect([0, -SIGKILL].contains(try running.finish().status))
      #expect([old, expected].contains(try folder.read("x.pexhead")))
    }
    try Program.pextrain.succeed(words, in: folder)
    #expect(try folder.read("x.pexhead") == expected)
    #expect(try Program.pextrain.report(words, in: folder)["passes"].number == 0)
  }
}
