import PexHeads
import PexTensor

/// The samples that choose an exit policy: those of ``Split/held``, in their order.
public struct PolicySamples: Sendable {
  /// What each should be answered.
  public let answers: [Int]
  /// Whether that is a label; what a teacher says calibrates nothing.
  public let isLabelled: [Bool]
  /// Positions of the samples that a policy is measured on, in parts that do not choose what they are measured by. In a
  /// split that is cross-fitted, those that chose strengths and epochs are not among them.
  public let measured: [[Int]]

  /// The samples of a split.
  /// - Parameters:
  ///   - answers: one a sample of the table that the split speaks of; nil where the split has none.
  ///   - labels: the labels among them.
  /// - Throws: ``PexError`` (defect) when the split names a sample that has no answer.
  public init(_ split: Split, answers: [Int?], labels: [Int?]) throws {
    let held = split.held
    self.answers = try held.map { sample in
      guard answers.indices.contains(sample), labels.indices.contains(sample), let answer = answers[sample] else {
        throw PexError(.defect, "the split names sample \(sample), which has no answer")
      }
      return answer
    }
    isLabelled = held.map { labels[$0] != nil }
    var first = 0
    let parts = split.parts.map { part in
      defer { first += part.count }
      return Array(first..<first + part.count)
    }
    measured = split.isCrossFitted ? Array(parts.dropFirst()) : Self.dealt(held.count)
  }

  /// Samples that were held out together, taken apart; two parts where half of them choose as well as most.
  private static func dealt(_ count: Int) -> [[Int]] {
    let parts = count < 1000 ? 5 : 2
    return (0..<parts).map { part in (0..<count).filter { $0 % parts == part } }.filter { !$0.isEmpty }
  }
}

extension [TrainedHead] {
  /// Chooses the confidence policy of these heads on their held-out samples and notes in each head's report whether it is
  /// enabled and from which confidence on it is taken, none where there were too few samples to choose.
  ///
  /// - Parameters:
  ///   - samples: what the held-out samples should be answered.
  ///   - costs: of each exit, shallowest first; one more than there are heads when `last` is given.
  ///   - last: the final classifier's answers for the same samples; nil when the deepest head takes its place, which
  ///     is then enabled whatever its accuracy.
  ///   - goal: what the policy is for.
  ///   - closesExits: whether exits may be closed that do not pay.
  /// - Throws: as ``ThresholdChoice/choose(exits:enabled:labels:costs:goal:closesExits:)``.
  public mutating func choosePolicy(
    _ samples: PolicySamples, costs: ExitCosts, last: Predictions? = nil, goal: PolicyGoal = .nearBest,
    closesExits: Bool = true
  ) throws -> ThresholdChoice? {
    let exits = map { Predictions($0.heldLogits, temperature: $0.report.temperature) } + (last.map { [$0] } ?? [])
    let choice = try ThresholdChoice.choose(
      exits: exits, enabled: map(\.report.enabled) + (last == nil ? [] : [true]), labels: samples.answers, costs: costs,
      goal: goal, closesExits: closesExits)
    if last == nil, let deepest = indices.last { self[deepest].report.enabled = true }
    guard let choice else { return nil }
    for index in indices {
      self[index].report.enabled = choice.enabled[index]
      self[index].report.threshold = choice.enabled[index] ? choice.threshold : nil
    }
    return choice
  }

  /// What a policy that is chosen like this comes to on samples that chose nothing of it: part by part, temperatures,
  /// exits and threshold are chosen on the other parts (cross-validation; Stone 1974). The heads that answer those have
  /// trained on this one, so a little flattery remains.
  ///
  /// Other parameters are those of ``choosePolicy(_:costs:last:goal:closesExits:)``.
  ///
  /// - Parameter before: whether each held-out sample was answered right before there were any of these heads, which
  ///   ``PolicyOutcome/lost`` and ``PolicyOutcome/gained`` compare with; nil: they compare with the last exit.
  /// - Returns: nil when there are too few samples, or a part's other samples vouch for no policy at all.
  /// - Throws: as ``ThresholdChoice/choose(exits:enabled:labels:costs:goal:closesExits:)``.
  public func expectedOutcome(
    _ samples: PolicySamples, costs: ExitCosts, last: Predictions? = nil, goal: PolicyGoal = .nearBest,
    closesExits: Bool = true, before: [Bool]? = nil
  ) throws -> PolicyOutcome? {
    var (right, cost, time, taken) = (0, 0.0, 0.0, [Int](repeating: 0, count: costs.macs.trunk.count))
    var (unlike, lost, gained, losses) = (0, 0, 0, [Int: Int]())
    for part in samples.measured {
      let (exits, choice) = try chosen(
        samples, without: part, costs: costs, last: last, goal: goal, closesExits: closesExits)
      guard let choice else { return nil }
      let (macs, times) = (costs.macs.taking(choice.enabled), costs.time?.taking(choice.enabled))
      for (sample, exit) in zip(part, choice.taken(exits.map { $0.selected(part) })) {
        taken[exit] += 1
        cost += macs[exit]
        time += times?[exit] ?? 0
        let isRight = exits[exit].classes[sample] == samples.answers[sample]
        if isRight { right += 1 }
        let whole = exits[exits.count - 1].classes[sample]
        if whole != exits[exit].classes[sample] { unlike += 1 }
        let wasRight = before?[sample] ?? (whole == samples.answers[sample])
        guard isRight != wasRight else { continue }
        if isRight { gained += 1 } else { lost += 1 }
        losses[samples.answers[sample], default: 0] += isRight ? -1 : 1
      }
    }
    let count = taken.reduce(0, +)
    guard count > 0 else { return nil }
    return PolicyOutcome(
      right: right, taken: taken, meanCost: cost / Double(count),
      meanTime: costs.time == nil ? nil : time / Double(count), count: count, unlike: unlike, lost: lost,
      gained: gained,
      balancedLoss: balanced(losses, samples))
  }

  /// Losses by class, every class counting alike, in as many samples as are measured.
  private func balanced(_ losses: [Int: Int], _ samples: PolicySamples) -> Double {
    var counts: [Int: Int] = [:]
    for sample in samples.measured.joined() { counts[samples.answers[sample], default: 0] += 1 }
    let each = Double(counts.values.reduce(0, +)) / Double(Swift.max(counts.count, 1))
    return losses.keys.sorted().reduce(0) { $0 + each * Double(losses[$1] ?? 0) / Double(counts[$1] ?? 1) }
  }

  /// The policy that all samples but those of one part would choose, and what the exits then answer for every sample;
  /// nil when they choose none.
  private func chosen(
    _ samples: PolicySamples, without part: [Int], costs: ExitCosts, last: Predictions?, goal: PolicyGoal,
    closesExits: Bool
  ) throws -> (exits: [Predictions], choice: ThresholdChoice?) {
    let isMeasured = Set(part)
    let others = samples.answers.indices.filter { !isMeasured.contains($0) }
    let known = others.filter { samples.isLabelled[$0] }
    let truth = others.map { samples.answers[$0] }
    var exits = try map { head in
      let temperature = try Calibration.temperature(
        head.heldLogits.selected(known), labels: known.map { samples.answers[$0] }, fallback: head.fallbackTemperature)
      return Predictions(head.heldLogits, temperature: temperature)
    }
    var enabled = try exits.map { try $0.selected(others).beatChance(truth) }
    if let last {
      exits.append(last)
      enabled.append(true)
    }
    let choice = try ThresholdChoice.choose(
      exits: exits.map { $0.selected(others) }, enabled: enabled, labels: truth, costs: costs, goal: goal,
      closesExits: closesExits)
    guard case .risk = goal, choice?.meetsGoal == false else { return (exits, choice) }
    return (exits, nil)
  }
}
