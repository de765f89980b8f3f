import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// How the chosen depth moves as more data comes: the earlier policy and the new one on the same held-out samples.
///
/// Earlier heads may have trained on these samples; the new ones answer them cross-fitted, so the earlier accuracy is the
/// one that flatters.
public struct PolicyProgress: Hashable, Sendable {
  /// Which exits a policy takes, and what that comes to.
  public struct Use: Hashable, Sendable {
    /// The exits that answer, shallowest first.
    public let exits: [ExitName]
    /// What the policy comes to; shares are in the order of ``exits``, costs are shares of the model's
    /// multiply-accumulates.
    public let outcome: PolicyOutcome

    /// The deepest exit that a sample took.
    public var deepest: ExitName? { Array(zip(exits, outcome.exitShares)).last { $0.1 > 0 }?.0 }
  }

  /// The earlier policy, by the earlier heads.
  public let earlier: Use
  /// The new one.
  public let new: Use
  /// Whether the new policy is measured on samples that did not choose it, as ``PersonalTraining/Result/expected``.
  public let isExpected: Bool
  /// How many samples there are.
  public let count: Int
}

/// Follows the policy of earlier heads over samples whose features are kept.
struct EarlierPolicy {
  let heads: HeadSet
  let model: Model
  let cache: TapCache
  /// What was measured of the heads; nil: nothing.
  let times: TimeProfile?

  /// What the policy comes to.
  /// - Parameters:
  ///   - rows: positions among the samples.
  ///   - names: the name of the class that each should be answered.
  /// - Returns: nil when some head's features were not kept, or there is neither a policy nor a last resort.
  func use(_ rows: [Int], names: [String]) throws -> PolicyProgress.Use? {
    guard let classes = heads.classes, !rows.isEmpty else { return nil }
    var entries = heads.entries.filter { $0.isEnabled && $0.answers }
    // Without a policy the last resort alone answers.
    if heads.policy == nil { entries = heads.replacesFinal ? entries.filter { $0.exit == heads.lastResort.exit } : [] }
    var tables: [LogitTable] = []
    for entry in entries {
      guard let table = try cache.logits(of: entry.head, at: entry.exit, rows: rows) else { return nil }
      tables.append(table)
    }
    let final = try heads.replacesFinal ? nil : lastResort(rows)
    guard heads.replacesFinal ? !entries.isEmpty : final != nil else { return nil }
    let costs = try ExitCosts(
      of: entries.map { ($0.exit, $0.head) }, in: model, withFinal: final != nil,
      final: heads.partOfFinal.map { ($0.exit, $0.head) }, times: times)
    let all = costs.macs.trunk.map { _ in true }
    var taken: [Int] = []
    var right = 0
    for (position, name) in names.enumerated() {
      let (exit, answer) = answer(at: position, entries, tables, final)
      taken.append(exit)
      if classes.indices.contains(answer), classes[answer] == name { right += 1 }
    }
    let counts = all.indices.map { exit in taken.count { $0 == exit } }
    return PolicyProgress.Use(
      exits: entries.map { .exit($0.exit) } + (final == nil ? [] : [.final]),
      outcome: PolicyOutcome(
        right: right, taken: counts, costs: costs.macs.taking(all), times: costs.time?.taking(all), count: rows.count))
  }

  /// The exit that a sample takes, as a position, and the class that it answers.
  private func answer(
    at position: Int, _ entries: [HeadSet.Entry], _ tables: [LogitTable], _ final: LogitTable?
  ) -> (exit: Int, answer: Int) {
    var state = heads.policy.map(PolicyState.init)
    for (exit, entry) in entries.enumerated() {
      let probabilities = softmax(
        Array(tables[exit].row(position)), temperature: entry.head.temperature, prior: heads.prior)
      let isContent = state?.isContent(exit: entry.exit, probabilities: probabilities) ?? false
      if isContent || final == nil && exit == entries.count - 1 { return (exit, largest(probabilities)) }
    }
    let logits = final.map { Array($0.row(position)) } ?? []
    return (entries.count, largest(softmax(logits, prior: heads.prior)))
  }

  private func largest(_ probabilities: [Float]) -> Int {
    var best = 0
    for index in probabilities.indices where probabilities[index] > probabilities[best] { best = index }
    return best
  }

  /// The final classifier's logits of the heads' classes.
  private func lastResort(_ rows: [Int]) throws -> LogitTable? {
    guard let logits = cache.finalLogits, let classes = heads.classes else { return nil }
    var part: LogitTable?
    if let entry = heads.partOfFinal {
      guard let table = try cache.logits(of: entry.head, at: entry.exit, rows: rows) else { return nil }
      part = table
    }
    return try LogitTable(
      classes: classes.count,
      values: rows.enumerated().flatMap { position, row in
        heads.lastResortLogits(final: Array(logits.row(row)), head: part.map { Array($0.row(position)) })
      })
  }
}
