import Foundation
import PexGraph
import PexTensor

/// Why a reader gave no model, in its own words or in ours.
struct ReaderFailure {
  /// The model, for messages.
  let path: String
  /// The program.
  let program: String
  let limits: ImportLimits

  /// The error of a reader that ended otherwise than with 0.
  /// - Parameter problems: what it said on standard error.
  func error(_ end: ChildProcess.End, _ problems: [UInt8]) -> PexError {
    switch end {
    case .status(let status): error(status, problems)
    case .signal(SIGXCPU):
      PexError(
        .malformed, "\(path): reading it took more than \(limits.seconds) s of processor time", hint: Self.hostile)
    case .signal(SIGKILL):
      PexError(
        .malformed, "\(path): the reader of Keras files was killed (signal \(SIGKILL))",
        hint: "the system does that when memory runs out; a damaged or hostile file may be why")
    case .signal(let number):
      PexError(
        .malformed,
        "\(path): the reader of Keras files crashed (signal \(number), \(String(cString: strsignal(number))))",
        hint:
          "the file is damaged or hostile, or reading it takes more than \(limits.memory >> 20) MiB of memory, which "
          + "\(ImportLimits.memoryVariable)=BYTES raises")
    }
  }

  /// The error of a reader that went on beyond the deadline.
  func error(after timeout: Duration) -> PexError {
    PexError(
      .malformed, "\(path): reading it took more than \(timeout.components.seconds) s", hint: Self.hostile)
  }

  /// The error of a reader that did not hand over what it should.
  func error(_ cause: PexError) -> PexError {
    // Whatever else it is, such as a disk that is full, has nothing to do with the model.
    guard cause.kind == .malformed else { return cause.at(path) }
    let message = "\(path): the reader of Keras files handed over no usable model: \(cause.message)"
    return PexError(.malformed, message.plain(), hint: Self.hostile)
  }

  private static let hostile = "the file is damaged or hostile"

  /// A reader that ends by itself says why: `NAME: error: …`, and `hint: …` if there is a next step.
  private func error(_ status: Int32, _ problems: [UInt8]) -> PexError {
    let lines = String(decoding: problems, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    let mark = "pexkeras: error: "
    if let kind = PexError.Kind(exitStatus: status), let first = lines.firstIndex(where: { $0.hasPrefix(mark) }) {
      let hint = lines.dropFirst(first + 1).first { $0.hasPrefix("hint: ") }?.dropFirst("hint: ".count)
      let message = lines[first].dropFirst(mark.count)
      return PexError(
        kind, (message.contains(path) ? String(message) : "\(path): \(message)").plain(), hint: hint?.plain())
    }
    let words = lines.last.map { ": \($0.plain())" } ?? ""
    return PexError(
      .unsupported, "\(path): Keras files cannot be read: \(program) ended with status \(status)\(words)",
      hint: "see that it is pexkeras, of the same version, and starts: \(program) --version")
  }
}
