import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Whoever is killed leaves the old heads or the new ones, whole.
///
/// SIGKILL cannot be handled: killed between making its temporary file and renaming it, a program leaves that file,
/// `.pex-PROCESS-….tmp`, which nobody reads. SIGTERM and SIGINT are handled and leave nothing.
@Suite struct KillTests {
  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }

  /// A folder with heads in use, what training makes of them, and how long that takes.
  private struct Setting {
    let folder: Folder
    let arguments: [String]
    let old: Data
    let new: Data
    let seconds: Double
  }

  private func setting() throws -> Setting {
    let (folder, made) = (try Folder(), try Digits.made())
    _ = try folder.copy(made.heads, to: "x.pexhead")
    let arguments = [
      made.base, "--data", Digits.personTest, "--from", "x.pexhead", "-o", "x.pexhead", "--force", "--quiet",
    ]
    let old = try folder.read("x.pexhead")
    let clock = ContinuousClock()
    let duration = try clock.measure { try Program.pextrain.succeed(arguments, in: folder) }
    let new = try folder.read("x.pexhead")
    try #require(old != new)
    // What is found later is one of both to the byte, so it need not be checked again.
    try Program.pexinfo.succeed(["x.pexhead", "--check"], in: folder)
    try Program.pexinfo.succeed([made.heads, "--check"])
    return Setting(folder: folder, arguments: arguments, old: old, new: new, seconds: seconds(duration))
  }

  /// Runs the program, ends it after a while and looks at what there is.
  /// - Returns: whether it was ended, rather than done before.
  private func end(_ setting: Setting, with signal: Int32, after delay: Double) throws -> Bool {
    try setting.folder.write("x.pexhead", setting.old)
    let running = try RunningProgram(try Program.pextrain.path(), setting.arguments, in: setting.folder)
    usleep(UInt32(delay * 1e6))
    running.interrupt(signal)
    let status = try running.finish().status
    #expect([0, -signal, 128 + signal].contains(status))
    let bytes = try setting.folder.read("x.pexhead")
    #expect(bytes == setting.old || bytes == setting.new)
    #expect(status != 0 || bytes == setting.new)
    return status != 0
  }

  private func strangers(_ folder: Folder) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "x.pexhead" }
  }

  @Test func killedAtAnyMoment() throws {
    let setting = try setting()
    var generator = SystemRandomNumberGenerator()
    let moments = 36
    var killed = 0
    for moment in 0..<moments {
      // Spread over the whole run; every third falls into its end, where the file is written.
      let part = Double(moment) / Double(moments)
      let range = moment % 3 == 0 ? 0.85..<1.05 : part..<part + 1 / Double(moments)
      let delay = setting.seconds * Double.random(in: range, using: &generator)
      if try end(setting, with: SIGKILL, after: delay) { killed += 1 }
    }
    #expect(killed > moments / 4, "the signals came in time")
    let left = try strangers(setting.folder)
    #expect(left.count <= killed)
    #expect(left.allSatisfy { $0.hasPrefix(".pex-") && $0.hasSuffix(".tmp") })
    // Nobody stumbles over them.
    try setting.folder.write("x.pexhead", setting.old)
    try Program.pextrain.succeed(setting.arguments, in: setting.folder)
    #expect(try setting.folder.read("x.pexhead") == setting.new)
    #expect(try strangers(setting.folder).sorted() == left.sorted())
  }

  @Test(arguments: [SIGTERM, SIGINT]) func interruptedAtAnyMoment(_ signal: Int32) throws {
    let setting = try setting()
    var ended = 0
    for part in [0.1, 0.4, 0.7, 0.9, 0.95, 1.0] {
      if try end(setting, with: signal, after: setting.seconds * part) { ended += 1 }
      #expect(try strangers(setting.folder).isEmpty)
    }
    #expect(ended > 0, "the signals came in time")
  }
}
