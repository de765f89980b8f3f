import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// Base heads brought to where a person's features lie, where the bundle's statistics allow it and it helps.
struct AlignedStart {
  private let session: Session
  private let cache: TapCache
  /// What the bundle knows of the taps that the heads read, by exit.
  private let statistics: [Int: FeatureStatistics]

  /// - Parameter plans: the heads; of how many classes does not matter yet.
  /// - Throws: ``PexError`` (malformed) when the bundle's statistics are damaged.
  init(_ session: Session, _ cache: TapCache, _ plans: [HeadPlan]) throws {
    self.session = session
    self.cache = cache
    let taps = Set(plans.flatMap { $0.specification.taps(at: $0.exit) })
    let known = session.model.bundle.contents.statistics.filter { taps.contains($0.exit) }
    statistics = try Dictionary(known.map { ($0.exit, try $0.checked()) }) { first, _ in first }
  }

  /// Aligns the base heads of those plans where it helps.
  /// - Parameter samples: what each head is trained on.
  /// - Returns: the numbers of their exits.
  func align(
    _ plans: inout [HeadPlan], _ samples: [HeadTrainer.Samples], _ assignment: Assignment
  ) throws -> [Int] {
    var exits: [Int] = []
    for index in plans.indices {
      guard let aligned = try plan(plans[index], samples[index], assignment) else { continue }
      plans[index] = aligned
      exits.append(aligned.exit)
    }
    return exits
  }

  /// The plan with its base head aligned, when that answers the person's labels with less loss than the head as shipped; and
  /// without labels when the features are shifted. Neither head has seen the person's labels, so all of them may judge.
  /// - Returns: nil when the head stays as it is.
  private func plan(_ plan: HeadPlan, _ samples: HeadTrainer.Samples, _ assignment: Assignment) throws -> HeadPlan? {
    guard let base = plan.start, !plan.goesOn, case .features(let table) = samples,
      let alignment = try alignment(plan, table, shares: { try shares(assignment, of: $0) }),
      let aligned = try alignment.aligned(base)
    else { return nil }
    let rows = assignment.labels.indices.filter { assignment.labels[$0] != nil }
    if rows.count >= Calibration.fewestSamples {
      let labels = rows.compactMap { assignment.labels[$0] }
      // Each at the temperature that suits it: answers that are merely less sure need no other features.
      func losses(_ head: Head) throws -> [Double] {
        let logits = try logits(head, table, rows)
        let temperature = try Calibration.temperature(logits, labels: labels, fallback: head.temperature)
        return try logits.losses(labels, temperature: Double(temperature))
      }
      guard try HeadTrainer.isLower(losses(aligned), than: losses(base)) else { return nil }
    } else {
      guard alignment.isShifted else { return nil }
    }
    var result = plan
    result.start = aligned
    result.startsFromBase = false
    return result
  }

  private func logits(_ head: Head, _ table: FeatureTable, _ rows: [Int]) throws -> LogitTable {
    try LogitTable(
      classes: head.specification.classes, values: try rows.flatMap { try head.logits(features: Array(table.row($0))) })
  }

  private func alignment(
    _ plan: HeadPlan, _ table: FeatureTable, shares: (Int) throws -> [Float]
  ) throws -> FeatureAlignment? {
    let specification = plan.specification
    // Of most earlier taps a head reads what the trunk gives there, not what a branch makes of it.
    let known = try specification.earlier.compactMap { tap in
      try statistics[tap.exit].flatMap { $0.width < tap.featureCount ? nil : try $0.prefix(tap.featureCount) }
    }
    guard known.count == specification.earlier.count, let own = statistics[plan.exit],
      own.width >= specification.ownFeatureCount
    else { return nil }
    let classes = own.classes
    return try FeatureAlignment(
      known + [own.prefix(specification.ownFeatureCount)], table: table, shares: shares(classes))
  }

  /// How often the person meets each of all classes, so far as is known: as the labels say, as was estimated, or one as often as
  /// another.
  private func shares(_ assignment: Assignment, of count: Int) throws -> [Float] {
    var shares = [Float](repeating: 0, count: count)
    let known = assignment.classes.indices.filter { assignment.classes[$0] < count }
    let labels = assignment.labels.compactMap { $0 }
    for number in known {
      shares[assignment.classes[number]] =
        labels.count == assignment.labels.count
        ? Float(labels.count { $0 == number }) : assignment.prior?[number] ?? 1
    }
    guard shares.contains(where: { $0 > 0 }) else { return [Float](repeating: 1 / Float(max(count, 1)), count: count) }
    return try ClassPrior(shares).shares
  }
}
