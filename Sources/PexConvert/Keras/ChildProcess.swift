import CPexProcess
import Foundation
import PexTensor

/// A program that runs as a process of its own. It does not outlive this object, and leaves nothing behind.
final class ChildProcess {
  /// How a process ended.
  enum End: Equatable {
    case status(Int32)
    case signal(Int32)
  }

  private let child: pex_child
  private var end: End?

  /// Starts a program without anything at its standard input.
  /// - Throws: ``PexError`` (unsupported) when it cannot be started.
  init(_ program: String, _ arguments: [String], environment: [String: String]) throws {
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    var settings = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for word in words + settings { free(word) } }
    var child = pex_child()
    let problem = pex_start(program, &words, &settings, &child)
    guard problem == 0 else {
      throw PexError(.unsupported, "\(program): cannot be started: \(String(cString: strerror(problem)))")
    }
    self.child = child
  }

  deinit {
    if end == nil {
      kill(child.process, SIGKILL)
      var word: Int32 = 0
      while waitpid(child.process, &word, 0) < 0, errno == EINTR {}
    }
    close(child.output)
    close(child.problems)
  }

  /// Gives away what the process writes, as it comes, until it has ended.
  /// - Parameters:
  ///   - deadline: when to stop waiting.
  ///   - output: takes what comes from standard output.
  ///   - problems: takes what comes from standard error.
  /// - Returns: how it ended, or nil when it had not by the deadline.
  /// - Throws: whatever `output` and `problems` throw.
  func run(
    until deadline: ContinuousClock.Instant, output: (UnsafeRawBufferPointer) throws -> Void,
    problems: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> End? {
    let events = Int16(POLLIN)
    var pipes = [
      pollfd(fd: child.output, events: events, revents: 0), pollfd(fd: child.problems, events: events, revents: 0),
    ]
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
    defer { buffer.deallocate() }
    while ContinuousClock.now < deadline {
      let isOpen = pipes.contains { $0.fd >= 0 }
      // Both pipes are closed before the process can be waited for, by a moment.
      poll(&pipes, nfds_t(pipes.count), isOpen ? 50 : 1)
      let hasOutput = try Self.take(from: &pipes[0], buffer, output)
      let hasProblems = try Self.take(from: &pipes[1], buffer, problems)
      let isQuiet = !hasOutput && !hasProblems
      if isQuiet || !isOpen { reap() }
      // Whoever inherited the pipes from the process may hold them for ever: what comes then is of no interest.
      if let end, isQuiet { return end }
    }
    return nil
  }

  /// Gives away what a pipe has.
  /// - Returns: whether there was something, its end included.
  private static func take(
    from pipe: inout pollfd, _ buffer: UnsafeMutableRawBufferPointer, _ sink: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Bool {
    guard pipe.fd >= 0, pipe.revents != 0 else { return false }
    let got = read(pipe.fd, buffer.baseAddress, buffer.count)
    if got < 0, errno == EINTR || errno == EAGAIN { return false }
    if got > 0 { try sink(UnsafeRawBufferPointer(rebasing: buffer[..<got])) } else { pipe.fd = -1 }
    return true
  }

  /// Sees whether the process has ended.
  private func reap() {
    var word: Int32 = 0
    guard end == nil, waitpid(child.process, &word, WNOHANG) == child.process else { return }
    let signal = word & 0x7f
    end = signal == 0 ? .status(word >> 8 & 0xff) : .signal(signal)
  }
}
