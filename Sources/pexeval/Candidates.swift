import Foundation
import PexBundle
import PexConsole
import PexEvaluation
import PexRuntime
import PexTensor

/// What is measured: every head file under every rule, or the base heads; with head files, the base heads beside them, to
/// compare with.
struct Candidates {
  /// Those that were asked for first; the reference last.
  let all: [Candidate]

  /// - Throws: ``PexError`` (usage) when a rule names an exit that some heads lack.
  init(
    _ model: SessionOptions, _ session: Session, _ sets: [HeadSet], _ choices: [ExitChoice], deadline: Double?,
    _ console: Console
  ) throws {
    let base = session.heads
    let names = Self.names(model.heads)
    let subjects = sets.isEmpty ? [(nil, try model.weighed(base))] : zip(names, sets).map { (Optional($0), $1) }
    var all: [Candidate] = []
    for choice in choices { try Self.validate(choice, session, subjects.map(\.1)) }
    for (name, heads) in subjects {
      Self.warnOfUntrained(heads, console)
      if let choice = choices.first { console.warnAboutClosedExits(heads, choice) }
      all.append(Candidate(name, heads, rules: choices.map { Rule($0, for: heads, deadline: deadline) }))
    }
    if !sets.isEmpty, base.entries.contains(where: \.isTrained) {
      let rule = Rule(.stored, for: base, deadline: deadline)
      all.append(Candidate(nil, base, rules: [rule], isReference: true))
    }
    self.all = all
  }

  /// A fixed exit has to be there in all heads, one with a threshold of its own in any.
  private static func validate(_ choice: ExitChoice, _ session: Session, _ sets: [HeadSet]) throws {
    let own = session.heads
    defer { session.heads = own }
    let errors = sets.compactMap { set in
      session.heads = set
      return Result { try session.validate(choice) }.failure
    }
    guard let first = errors.first else { return }
    if case .policy = choice, errors.count < sets.count { return }
    throw first
  }

  /// The last components of paths, or the paths where those are the same.
  private static func names(_ paths: [String]) -> [String] {
    let short = paths.map { ($0 as NSString).lastPathComponent }
    return Set(short).count == Set(paths).count ? short : paths
  }

  private static func warnOfUntrained(_ heads: HeadSet, _ console: Console) {
    let untrained = heads.entries.filter { !$0.isTrained }.map { String($0.exit) }
    if !untrained.isEmpty { console.warn("heads that are not trained, left out: \(untrained.joined(separator: ", "))") }
  }
}

extension Result {
  /// Why it failed, if it did.
  fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
