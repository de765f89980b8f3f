import Foundation
import PexHeads
import PexTensor

/// What the samples of a departure are to be answered, and how much each counts.
package struct DepartureTargets {
  /// A class for every sample; what a teacher says where there is no label. Samples in no split have any.
  let answers: [Int]
  /// Whether the answer of a sample is a label.
  let isLabelled: [Bool]
  /// What is learned: probabilities, `[samples, classes]`.
  let probabilities: [Float]
  /// How much every sample counts.
  let weights: [Float]
  /// How often each class occurs, which the head need not learn; nil: one as often as another.
  let prior: [Float]?
  /// How many classes there are.
  let classes: Int

  /// The most that a sample of a rare class counts against one of a frequent class.
  static let mostWeight: Float = 5

  /// - Parameters:
  ///   - answers: a class a sample, or nil for samples that nobody learns from.
  ///   - labels: the labels among them.
  ///   - teacher: probabilities of a teacher, `[samples, classes]`; nil when there is none.
  ///   - mix: the teacher's part in what a sample with a label learns; one without learns from the teacher alone.
  ///   - balances: whether all classes count alike however many samples they have: the person's mix is no part of what is
  ///     learned then.
  package init(
    answers: [Int?], labels: [Int?], classes: Int, teacher: [Float]? = nil, mix: Float = 0.5, prior: [Float]? = nil,
    balances: Bool
  ) {
    self.answers = answers.map { $0 ?? 0 }
    isLabelled = labels.map { $0 != nil }
    (self.prior, self.classes) = (prior, classes)
    var probabilities = [Float](repeating: 0, count: answers.count * classes)
    for (sample, answer) in answers.enumerated() {
      let part = teacher == nil ? 0 : labels[sample] == nil ? 1 : mix
      if let answer { probabilities[sample * classes + answer] = 1 - part }
      guard part > 0, let teacher else { continue }
      for index in sample * classes..<(sample + 1) * classes { probabilities[index] += part * teacher[index] }
    }
    self.probabilities = probabilities
    let counts = Dictionary(answers.compactMap { $0 }.map { ($0, 1) }, uniquingKeysWith: +)
    let mean = Float(answers.count { $0 != nil }) / Float(max(counts.count, 1))
    weights = answers.map { answer in
      guard balances, let answer, let count = counts[answer] else { return 1 }
      return min(Self.mostWeight, mean / Float(count))
    }
  }

  /// Classes that some of these samples have.
  func present(in rows: [Int]) -> [Bool] {
    var present = [Bool](repeating: false, count: classes)
    for row in rows {
      for index in 0..<classes where probabilities[row * classes + index] > 0 { present[index] = true }
    }
    return present
  }

  /// The weighed cross-entropy between what samples are to learn and `softmax(logits / temperature + log(prior))`.
  /// - Parameter logits: one row for each of the rows.
  func losses(_ logits: LogitTable, _ rows: [Int], temperature: Float = 1) -> [Double] {
    rows.enumerated().map { position, row in
      let probabilities = softmax(Array(logits.row(position)), temperature: temperature, prior: prior)
      var loss = 0.0
      for index in 0..<classes where self.probabilities[row * classes + index] > 0 {
        loss -= Double(self.probabilities[row * classes + index]) * log(Double(max(probabilities[index], 1e-30)))
      }
      return loss * Double(weights[row])
    }
  }
}

/// Which strength a departure from known logits has: chosen by samples that trained nothing.
struct Departure {
  /// Strengths that are tried, strongest first, for rows of a length of one on average.
  static let strengths = [30, 10, 3, 1, 0.3, 0.1, 0.03, 0.01]
  /// The strength where no samples can choose one.
  static let fallbackStrength = 0.05
  /// Beyond this many products a step, only the first part of the samples chooses.
  private static let manyProducts = 20_000_000

  let rows: RegressionRows
  let targets: DepartureTargets
  let split: Split
  let limits: TrainingLimits
  /// What samples are answered without a departure, `[samples, classes]`.
  let offsets: [Float]
  /// Which classes' rows move; nil: all.
  var moving: [Bool]?

  /// What was chosen.
  struct Choice {
    /// Nil when the known logits answer the samples better than any departure from them.
    let strength: Double?
    /// Logits for the samples of ``Split/held``, each by a layer that did not train on it, of a strength that the other parts
    /// chose.
    let held: [Float]
    /// Iterations in all.
    let iterations: Int
    /// Mean losses of held-out samples: without a departure, then by strength, those that all parts have tried.
    let losses: [Double]
  }

  /// Chooses the strength.
  /// - Parameter mayStay: whether no departure at all is a candidate.
  func choose(mayStay: Bool) throws -> Choice {
    var iterations = 0
    let all = Self.strengths.indices
    var (last, tried) = (all.upperBound - 1, Array(all))
    var outcomes: [[Int: Outcome]] = []
    for part in split.parts.indices {
      let found = try answered(part, tried, &iterations)
      if part == 0 {
        let best = found.min { ($0.value.sum, $0.key) < ($1.value.sum, $1.key) }?.key ?? 0
        last = found.keys.max() ?? last
        let isDear = rows.count * rows.width * targets.classes > Self.manyProducts
        tried = isDear ? [best] : Array(0...min(last, best + 2))
      }
      outcomes.append(found)
      limits.report(Double(part + 1) / Double(split.parts.count + 1))
      if limits.isOver { break }
    }
    // A part that the time did not suffice for is answered as before.
    while outcomes.count < split.parts.count { outcomes.append([:]) }
    let stay = split.parts.map { outcome($0, layer: nil) }
    let held = split.parts.indices.flatMap { part -> [Float] in
      let others = split.parts.count == 1 ? [part] : split.parts.indices.filter { $0 != part }
      let index = best(outcomes, stay, parts: others, mayStay: mayStay)
      return (index.flatMap { outcomes[part][$0] } ?? stay[part]).logits
    }
    let chosen = best(outcomes, stay, parts: Array(split.parts.indices), mayStay: mayStay)
    return Choice(
      strength: chosen.map { Self.strengths[$0] }, held: held, iterations: iterations, losses: losses(outcomes, stay))
  }

  private func losses(_ outcomes: [[Int: Outcome]], _ stay: [Outcome]) -> [Double] {
    let measured = split.parts.indices.filter { !outcomes[$0].isEmpty }
    let count = Double(max(measured.reduce(0) { $0 + split.parts[$1].count }, 1))
    let common = Self.strengths.indices.prefix { index in measured.allSatisfy { outcomes[$0][index] != nil } }
    guard !measured.isEmpty else { return [] }
    let sums =
      [measured.reduce(0) { $0 + stay[$1].sum }]
      + common.map { index in measured.reduce(0) { $0 + (outcomes[$1][index]?.sum ?? 0) } }
    return sums.map { $0 / count }
  }

  /// The layer `[classes, width]` on some samples.
  func layer(strength: Double, on samples: [Int]) throws -> (weight: [Float], iterations: Int) {
    try regression(samples).layer(strength: strength, from: zeros, isOver: isOver)
  }

  private struct Outcome {
    let logits: [Float]
    let sum: Double
  }

  /// The strength with the lowest loss on some parts; nil when it is lowest without a departure.
  private func best(_ outcomes: [[Int: Outcome]], _ stay: [Outcome], parts: [Int], mayStay: Bool) -> Int? {
    let measured = parts.filter { !outcomes[$0].isEmpty }
    let common = Self.strengths.indices.filter { index in measured.allSatisfy { outcomes[$0][index] != nil } }
    guard !measured.isEmpty else { return nil }
    let losses = common.map { index in measured.reduce(0) { $0 + (outcomes[$1][index]?.sum ?? 0) } }
    guard let lowest = losses.indices.min(by: { losses[$0] < losses[$1] }) else { return nil }
    if mayStay, measured.reduce(0, { $0 + stay[$1].sum }) <= losses[lowest] { return nil }
    return common[lowest]
  }

  /// Trains on all samples but a part's and answers these, strength by strength, until it gets worse.
  private func answered(_ part: Int, _ tried: [Int], _ iterations: inout Int) throws -> [Int: Outcome] {
    let regression = regression(split.rest(of: part))
    var (weight, found, worse) = (zeros, [Int: Outcome](), 0)
    for index in tried {
      try limits.check()
      let layer = try regression.layer(strength: Self.strengths[index], from: weight, isOver: isOver)
      (weight, iterations) = (layer.weight, iterations + layer.iterations)
      let outcome = outcome(split.parts[part], layer: weight)
      let lowest = found.values.map(\.sum).min() ?? .infinity
      found[index] = outcome
      worse = outcome.sum > lowest ? worse + 1 : 0
      if worse == 2 || limits.isOver { break }
    }
    return found
  }

  private func outcome(_ samples: [Int], layer: [Float]?) -> Outcome {
    let classes = targets.classes
    let logits =
      layer.map { rows.logits($0, samples, offsets: offsets, classes: classes) }
      ?? samples.flatMap { Array(offsets[$0 * classes..<($0 + 1) * classes]) }
    guard let table = try? LogitTable(classes: classes, values: logits) else {
      return Outcome(logits: logits.map { $0.isFinite ? $0 : 0 }, sum: .infinity)
    }
    return Outcome(logits: logits, sum: targets.losses(table, samples).reduce(0, +))
  }

  /// Classes without a sample are out of the way while others are told apart: what is known of them stays.
  private func regression(_ samples: [Int]) -> LogisticRegression {
    let classes = targets.classes
    let present = targets.present(in: samples)
    let logPrior = targets.prior.map { $0.map { log(max($0, 1e-6)) } } ?? [Float](repeating: 0, count: classes)
    var moved = offsets
    for index in moved.indices {
      moved[index] = present[index % classes] ? moved[index] + logPrior[index % classes] : -1e4
    }
    return LogisticRegression(
      rows, samples, offsets: moved, targets: targets.probabilities, weights: targets.weights,
      moving: moving ?? [Bool](repeating: true, count: classes))
  }

  private var zeros: [Float] { [Float](repeating: 0, count: targets.classes * rows.width) }

  private func isOver() throws -> Bool {
    try limits.check()
    return limits.isOver
  }
}
