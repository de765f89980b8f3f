import Foundation
import PexTensor

#if canImport(Glibc)
  import Glibc
#endif

/// Where a program's words go: results to standard output, everything else to standard error.
public struct Console: Sendable {
  /// The program's name, in front of warnings and errors.
  public let program: String
  /// Whether results are one JSON object instead of text.
  public let json: Bool
  /// Whether only results, warnings and errors are printed.
  public let quiet: Bool

  /// A console for one program.
  public init(program: String, json: Bool = false, quiet: Bool = false) {
    self.program = program
    self.json = json
    self.quiet = quiet
  }

  /// Prints a line of the result as text; nothing when the result is JSON.
  /// - Throws: ``PexError`` (inputOutput) when standard output does not take it.
  public func result(_ line: String) throws {
    if !json { try Console.write(line + "\n") }
  }

  /// Prints the result as JSON, when that was asked for.
  /// - Throws: ``PexError`` (inputOutput) when standard output does not take it.
  public func report(_ report: @autoclosure () -> JSON) throws {
    if json { try Console.write(report().text + "\n") }
  }

  /// Says something that the user should know although the work goes on.
  public func warn(_ message: String) { Console.note("\(program): warning: \(Console.oneLine(message))\n") }

  /// Says how the work goes; nothing when quiet or JSON.
  public func progress(_ message: String) {
    if !quiet && !json { Console.note(Console.oneLine(message) + "\n") }
  }

  /// Whether moving progress bars are welcome.
  public var showsBars: Bool { !quiet && !json && isatty(STDERR_FILENO) == 1 }

  /// A message as one line that no terminal obeys, whatever names it holds.
  static func oneLine(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    return lines.joined(separator: " ").visible
  }

  static func note(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

  private static func write(_ text: String) throws {
    do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch {
      throw PexError(.inputOutput, "standard output cannot be written")
    }
  }
}
