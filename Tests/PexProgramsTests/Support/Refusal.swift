import Foundation
import Testing

extension Program {
  /// Runs the program on bad input, and checks what every refusal has in common: the status, one clear line, at most one
  /// hint, nothing else said, and the folder as it was, without any temporary file.
  /// - Parameters:
  ///   - words: what the error or its hint has to mention.
  ///   - said: whether standard output may hold something.
  /// - Returns: the lines on standard error.
  @discardableResult
  func refuses(
    _ arguments: [String], status: Int32, saying words: [String] = [], in folder: Folder,
    environment: [String: String] = [:], printing said: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String] {
    let before = try folder.snapshot()
    let outcome = try run(arguments, in: folder, environment: environment)
    let lines = outcome.complaints
    let command = Comment(rawValue: "\(rawValue) \(arguments.joined(separator: " "))\n\(outcome.stderr)")
    #expect(outcome.status == status, command, sourceLocation: sourceLocation)
    #expect(lines.first?.hasPrefix("\(rawValue): error: ") == true, command, sourceLocation: sourceLocation)
    #expect((1...2).contains(lines.count), command, sourceLocation: sourceLocation)
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("hint: ") }, command, sourceLocation: sourceLocation)
    #expect(said || outcome.output.isEmpty, command, sourceLocation: sourceLocation)
    for word in words { #expect(outcome.stderr.contains(word), command, sourceLocation: sourceLocation) }
    #expect(try folder.snapshot() == before, command, sourceLocation: sourceLocation)
    return lines
  }
}
