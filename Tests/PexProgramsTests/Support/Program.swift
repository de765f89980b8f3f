import Foundation

/// One of the programs under test, run as a process of its own.
///
/// The folder of the programs comes from PEX_PROGRAMS. Output goes to files, not pipes: a pipe's end is inherited by
/// whatever another test starts at that moment, and then nobody ever sees its end.
enum Program: String, CaseIterable {
  case pexconvert, pexrun, pextrain, pexeval, pexinfo, pexkeras

  /// How a process ended. A signal's number is negated, a crash never looks like a status.
  struct Outcome {
    let status: Int32
    let output: Data
    let stderr: String
    /// The most memory that it had, in bytes, as far as looking at it now and then shows.
    let peak: Int

    var stdout: String { String(decoding: output, as: UTF8.self) }
    /// What was said to the user, line by line.
    var complaints: [String] { stderr.split(separator: "\n").map(String.init) }
  }

  /// A failure of the tests' own machinery.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Where the program is.
  func path() throws -> String {
    guard let folder = ProcessInfo.processInfo.environment["PEX_PROGRAMS"], !folder.isEmpty else {
      throw Failure(description: "PEX_PROGRAMS names no folder: run `make test`")
    }
    let path = folder + "/" + rawValue
    guard FileManager.default.isExecutableFile(atPath: path) else { throw Failure(description: "\(path): no program") }
    return path
  }

  /// Runs the program to its end.
  /// - Throws: ``Failure`` when it cannot be started or takes too long.
  func run(
    _ arguments: [String], in folder: Folder? = nil, environment: [String: String] = [:], timeout: Double = 60
  ) throws -> Outcome {
    try RunningProgram(try path(), arguments, in: folder, environment: environment).finish(timeout: timeout)
  }

  /// Runs the program and takes its report.
  /// - Throws: ``Failure`` when it does not end with 0 or prints something else than one report.
  func report(
    _ arguments: [String], in folder: Folder? = nil, environment: [String: String] = [:]
  ) throws -> JSONValue {
    let outcome = try succeed(arguments + ["--json"], in: folder, environment: environment)
    // Scripts may look at the first bytes to see what they read, so the key's place is part of the contract.
    guard outcome.stdout.hasPrefix("{\"format\":1,"), outcome.stdout.hasSuffix("}\n") else {
      throw Failure(description: "\(rawValue) \(arguments): no report: \(outcome.stdout)")
    }
    return try JSONValue(outcome.output)
  }

  /// Runs the program.
  /// - Throws: ``Failure`` when it does not end with 0.
  @discardableResult
  func succeed(
    _ arguments: [String], in folder: Folder? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    let outcome = try run(arguments, in: folder, environment: environment)
    guard outcome.status == 0 else {
      throw Failure(description: "\(rawValue) \(arguments): status \(outcome.status): \(outcome.stderr)")
    }
    return outcome
  }
}
