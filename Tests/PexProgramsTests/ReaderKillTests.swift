import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// The reader, stopped in the middle of a file: what it may do there, and what becomes of its parent when it dies.
@Suite(.serialized) struct ReaderKillTests {
  /// A program that converts, whose reader has been stopped while it had the model open.
  private struct Stopped {
    let parent: RunningProgram
    let reader: pid_t
  }

  private static let old = Data("old".utf8)

  private func text(_ process: pid_t, _ name: String) -> String {
    (try? String(contentsOfFile: "/proc/\(process)/\(name)", encoding: .utf8)) ?? ""
  }

  /// Where a process's descriptors lead to, by number.
  private func descriptors(_ process: pid_t) -> [Int: String] {
    let folder = "/proc/\(process)/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let pairs = names.compactMap { name in
      Int(name).flatMap { number in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")).map { (number, $0) }
      }
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  private func hasModelOpen(_ process: pid_t) -> Bool { descriptors(process).values.contains(KerasFiles.sample) }

  /// Whether a process is there, other than one that only waits to be waited for.
  private func isAlive(_ process: pid_t) -> Bool {
    let fields = text(process, "stat").split(separator: ")").last?.split(separator: " ")
    return fields.map { $0.first != "Z" && $0.first != "X" } ?? false
  }

  /// Starts a conversion into `x.pex`, which holds something old, and stops its reader in the middle of the file. Some
  /// readers are done before they are seen.
  private func stop(in folder: Folder) throws -> Stopped {
    let limit = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < limit {
      try folder.write("x.pex", Self.old)
      let parent = try RunningProgram(
        try Program.pexconvert.path(), [KerasFiles.sample, "-o", "x.pex", "--force", "--quiet"], in: folder)
      while isAlive(parent.process) {
        guard let reader = pid_t(text(parent.process, "task/\(parent.process)/children").dropLast()),
          hasModelOpen(reader)
        else { continue }
        kill(reader, SIGSTOP)
        while !["T", "Z", ""].contains(state(reader)) {}
        if state(reader) == "T", hasModelOpen(reader) { return Stopped(parent: parent, reader: reader) }
        kill(reader, SIGCONT)
        break
      }
      _ = try parent.finish()
    }
    throw Program.Failure(description: "no reader could be stopped in time")
  }

  private func state(_ process: pid_t) -> String {
    String(text(process, "stat").split(separator: ")").last?.split(separator: " ").first ?? "")
  }

  @Test func aReaderHasLittle() throws {
    let stopped = try stop(in: try Folder())
    defer { _ = try? stopped.parent.finish() }
    defer { kill(stopped.reader, SIGCONT) }
    let limits = text(stopped.reader, "limits").split(separator: "\n").map {
      $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
    let size = try Data(contentsOf: URL(fileURLWithPath: KerasFiles.sample)).count
    for line in [
      "Max cpu time 10 15 seconds", "Max file size 0 0 bytes", "Max core file size 0 0 bytes",
      "Max open files 32 32 files",
    ] {
      #expect(limits.contains(line), "\(limits)")
    }
    let space = try #require(limits.first { $0.hasPrefix("Max address space ") }?.split(separator: " ")[3])
    // Beyond what the program itself takes, which is less than another gibibyte.
    #expect((8 * size + 1 << 30..<8 * size + 2 << 30).contains(try #require(Int(space))))
    let status = text(stopped.reader, "status")
    #expect(status.contains("NoNewPrivs:\t1"))
    // A filter of system calls.
    #expect(status.contains("Seccomp:\t2"))
    let open = descriptors(stopped.reader)
    #expect(open[0] == "/dev/null" && open[1]?.hasPrefix("pipe:") == true && open[2]?.hasPrefix("pipe:") == true)
    #expect(open.filter { $0.key > 2 }.values.allSatisfy { $0 == KerasFiles.sample })
  }

  @Test(arguments: [SIGKILL, SIGSEGV, SIGABRT, SIGXCPU, SIGTERM])
  func aReaderThatDiesHarmsNobody(_ signal: Int32) throws {
    let folder = try Folder()
    for _ in 0..<3 {
      let stopped = try stop(in: folder)
      kill(stopped.reader, signal)
      kill(stopped.reader, SIGCONT)
      let outcome = try stopped.parent.finish()
      // What the program handles itself, it ends by with a status that says nothing else.
      #expect(outcome.status == (signal == SIGTERM ? 69 : 65), "\(outcome.stderr)")
      #expect(outcome.complaints.first?.hasPrefix("pexconvert: error: \(KerasFiles.sample): ") == true)
      #expect(outcome.complaints.count <= 2 && outcome.output.isEmpty)
      #expect(try folder.snapshot() == ["x.pex": Self.old])
    }
  }

  @Test func aReaderThatIsHeldUpGoesOn() throws {
    let folder = try Folder()
    let stopped = try stop(in: folder)
    usleep(200_000)
    kill(stopped.reader, SIGCONT)
    #expect(try stopped.parent.finish().status == 0)
    try Program.pexinfo.succeed(["x.pex", "--check"], in: folder)
  }

  @Test(arguments: [SIGKILL, SIGTERM, SIGINT]) func aReaderDoesNotOutliveItsParent(_ signal: Int32) throws {
    let folder = try Folder()
    let stopped = try stop(in: folder)
    stopped.parent.interrupt(signal)
    #expect([-signal, 128 + signal].contains(try stopped.parent.finish().status))
    let limit = ContinuousClock.now + .seconds(20)
    while isAlive(stopped.reader), ContinuousClock.now < limit { usleep(1000) }
    #expect(!isAlive(stopped.reader))
    #expect(try folder.snapshot() == ["x.pex": Self.old])
  }
}
