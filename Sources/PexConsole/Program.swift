import ArgumentParser
import CPexFiles
import Foundation
import PexTensor

#if canImport(Glibc)
  import Glibc
#endif

/// A program: parses the command line, runs, and turns every failure into one line and an exit status.
public protocol Program: ParsableCommand {
  /// The program's name.
  static var programName: String { get }
  /// Options whose number may be left out: `--option` or `--option=number`.
  static var optionalNumbers: [String] { get }
  /// Does the work.
  func execute() throws
}

extension Program {
  public static var optionalNumbers: [String] { [] }

  /// Runs the program with the process's arguments and ends the process.
  public static func main() {
    // A file that may not grow any further is an error of writing, which removes what was begun.
    signal(SIGXFSZ, SIG_IGN)
    // A reader of our output that goes away (`pexrun … | head`) ends us as quietly as an interruption does.
    for interruption in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] {
      signal(interruption) { number in
        pex_temporary_remove_all()
        _exit(128 + number)
      }
    }
    do {
      let command = try parse(try separated(Array(CommandLine.arguments.dropFirst())))
      try command.execute()
      Glibc.exit(0)
    } catch let error as PexError {
      Console.note("\(programName): error: \(Console.oneLine(error.message))\n")
      if let hint = error.hint { Console.note("hint: \(Console.oneLine(hint))\n") }
      Glibc.exit(error.kind.exitStatus)
    } catch {
      // Help and version are errors to the parser, too: those it prints and ends itself.
      if exitCode(for: error) == .success { exit(withError: error) }
      guard exitCode(for: error) == .validationFailure else {
        Console.note("\(programName): error: \(Console.oneLine("\(error)"))\n")
        Glibc.exit(PexError.Kind.defect.exitStatus)
      }
      let message = message(for: error)
      let usage = usageString().split(separator: "\n").first.map(String.init) ?? ""
      Console.note("\(programName): error: \(Console.oneLine(message))\nhint: \(usage)  (--help lists all options)\n")
      Glibc.exit(PexError.Kind.usage.exitStatus)
    }
  }

  /// Makes `--option number` of `--option=number` for options that may stand alone: joined to its option, the parser drops
  /// the number, and the text that is none.
  private static func separated(_ arguments: [String]) throws -> [String] {
    try arguments.flatMap { argument in
      guard let option = optionalNumbers.first(where: { argument.hasPrefix("--\($0)=") }) else { return [argument] }
      let number = String(argument.dropFirst(option.count + 3))
      guard Double(number) != nil else { throw PexError(.usage, "\(argument): expected a number") }
      return ["--\(option)", number]
    }
  }
}
