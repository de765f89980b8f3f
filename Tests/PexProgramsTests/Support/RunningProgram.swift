import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A process that was started and has not been waited for.
struct RunningProgram {
  let process: pid_t
  private let logs: Folder

  /// Starts a program, in a folder if one is given.
  /// - Parameter environment: what it finds there beside what the tests find.
  init(
    _ path: String, _ arguments: [String], in folder: Folder? = nil, environment: [String: String] = [:]
  ) throws {
    logs = try Folder()
    // Tests run on threads that hold signals off, and a process inherits that: it would never hear of an interruption.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    // posix_spawn itself has no word for the folder; the shell makes room for the program and keeps its process id.
    let shell = folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0.path] } ?? []
    let settings = environment.isEmpty ? [] : ["/usr/bin/env"] + environment.map { "\($0.key)=\($0.value)" }
    let line = shell + settings + [path] + arguments
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, logs["out"], flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, logs["err"], flags, 0o600)

    var words: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var started = pid_t()
    let problem = posix_spawn(&started, line[0], &actions, &attributes, &words, environ)
    guard problem == 0 else {
      throw Program.Failure(description: "\(path): cannot be started: \(String(cString: strerror(problem)))")
    }
    process = started
  }

  /// Asks the process to end.
  func interrupt(_ number: Int32 = SIGTERM) { kill(process, number) }

  /// Waits for the end.
  /// - Throws: ``Program/Failure`` when it does not come in time; the process is killed then.
  func finish(timeout: Double = 60) throws -> Program.Outcome {
    let limit = ContinuousClock.now + .seconds(timeout)
    var word: Int32 = 0
    var peak = 0
    while true {
      peak = max(peak, highWaterMark ?? 0)
      let found = waitpid(process, &word, WNOHANG)
      if found == process { break }
      guard found == 0 || errno == EINTR else { throw Program.Failure(description: "waitpid: \(errno)") }
      guard ContinuousClock.now < limit else {
        interrupt(SIGKILL)
        waitpid(process, &word, 0)
        throw Program.Failure(description: "process \(process) took more than \(timeout) s")
      }
      usleep(500)
    }
    let signal = word & 0x7f
    return Program.Outcome(
      status: signal == 0 ? word >> 8 & 0xff : -signal, output: try logs.read("out"),
      stderr: String(decoding: try logs.read("err"), as: UTF8.self), peak: peak)
  }

  /// The most memory that the process has had until now. Its resource usage would not do: that begins with what the
  /// process had that started it.
  private var highWaterMark: Int? {
    guard let file = fopen("/proc/\(process)/status", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let words = line.prefix { $0 != 0 }.split(separator: 9).map { $0.map { UInt8(bitPattern: $0) } }
      guard words.count == 2, words[0] == Array("VmHWM:".utf8) else { continue }
      return Int(String(decoding: words[1].filter { (48...57).contains($0) }, as: UTF8.self)).map { $0 << 10 }
    }
    return nil
  }
}
