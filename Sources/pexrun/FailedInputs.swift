import PexConsole
import PexData
import PexTensor

/// Inputs that have no answer, among others that have one: one damaged picture does not keep the rest from being answered.
struct FailedInputs {
  /// So many are named at the end.
  private static let named = 3

  private let console: Console
  /// Whether there are others to go on with.
  private let hasOthers: Bool
  private var failures: [(name: String, error: PexError)] = []

  init(_ console: Console, hasOthers: Bool) { (self.console, self.hasOthers) = (console, hasOthers) }

  /// Does something with an input; if that fails for the input's own fault, says so and goes on.
  /// - Parameter kinds: what counts as the input's own fault.
  /// - Throws: ``PexError`` of any other kind, and of any kind when there is only one input.
  mutating func attempt(_ name: String, forgiving kinds: [PexError.Kind], _ body: () throws -> Void) throws {
    do { try body() } catch let error as PexError where hasOthers && kinds.contains(error.kind) {
      console.warn("\(error.message): no answer")
      failures.append((name, error))
    }
  }

  /// The report's list of them.
  var json: JSON {
    .array(failures.map { .members(["input": .string($0.name), "error": .string($0.error.message)]) })
  }

  /// All that has no answer: these inputs, and what folders hold that is not read.
  func listed(beside leftOut: [LeftOutFiles]) -> LeftOutList {
    LeftOutList(leftOut, unusable: failures.map { ($0.name, $0.error) })
  }

  /// Ends with an error when there were any, after everything else was done.
  /// - Throws: ``PexError`` (malformed) naming them, or (unreadable) when that is all that is wrong with them.
  func check(answered: Int) throws {
    guard let first = failures.first else { return }
    let isMissing = failures.allSatisfy { $0.error.kind == .unreadable }
    let names = failures.prefix(Self.named).map(\.name).joined(separator: ", ")
    let more = failures.count > Self.named ? ", …" : ""
    throw PexError(
      isMissing ? .unreadable : .malformed,
      "\(failures.count) of \(failures.count + answered) inputs have no answer: \(names)\(more)", hint: first.error.hint
    )
  }
}
