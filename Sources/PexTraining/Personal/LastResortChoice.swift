import PexBundle
import PexTensor

/// The no-harm rule: which answer a person's policies end in, and so what is worth writing.
///
/// The model's own classifier, told the person's classes, is what anybody has for nothing. A personal head takes its place, or
/// a part in it, only when held-out samples with labels are answered with less loss beyond chance (two standard errors,
/// both sides calibrated, every class counting alike) and no fewer of them are right. Below the samples that this takes,
/// nothing is learned in the person's name that could harm.
package struct LastResortChoice {
  /// What may answer, and its logits for the held-out samples, divided by its temperature.
  package struct Candidate {
    package let lastResort: LastResort
    let logits: LogitTable

    package init(lastResort: LastResort, logits: LogitTable) { (self.lastResort, self.logits) = (lastResort, logits) }
  }

  /// With fewer held-out samples with labels than this the classifier stays.
  static let fewestSamples = 10

  let targets: DepartureTargets
  /// Rows of the held-out samples, in the order of the candidates' logits.
  let held: [Int]

  package init(targets: DepartureTargets, held: [Int]) { (self.targets, self.held) = (targets, held) }

  /// The best of some candidates.
  /// - Parameters:
  ///   - told: the classifier told the classes; nil where it cannot answer for the person.
  ///   - others: what would take its place; not empty when `told` is nil, and the first is taken then unless another is better
  ///     beyond chance.
  package func best(told: Candidate?, _ others: [Candidate]) throws -> Candidate {
    guard let first = told ?? others.first else { throw PexError(.defect, "nothing that could answer") }
    let positions = held.indices.filter { targets.isLabelled[held[$0]] }
    guard positions.count >= Self.fewestSamples else { return first }
    let before = try measured(first, positions)
    var best: (candidate: Candidate, loss: Double) = (first, .infinity)
    for candidate in others where candidate.lastResort != first.lastResort {
      let after = try measured(candidate, positions)
      guard HeadTrainer.isLower(after.losses, than: before.losses, errors: 2), isRighter(after.right, before.right)
      else {
        continue
      }
      let loss = after.losses.reduce(0, +)
      if loss < best.loss { best = (candidate, loss) }
    }
    return best.candidate
  }

  /// Whether more is answered right by half a standard error: surer answers that are no better are no reason to change.
  private func isRighter(_ after: [Double], _ before: [Double]) -> Bool {
    let gains = zip(after, before).map { $0 - $1 }
    return gains.reduce(0, +) >= 0.5 * gains.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// Weighed losses at the temperature that suits the candidate, and the weights of what it answers right, 0 for others.
  private func measured(_ candidate: Candidate, _ positions: [Int]) throws -> (losses: [Double], right: [Double]) {
    let logits = try candidate.logits.selected(positions)
    let rows = positions.map { held[$0] }
    let labels = rows.map { targets.answers[$0] }
    let temperature = try Calibration.temperature(logits, labels: labels, fallback: 1, fewest: Self.fewestSamples)
    let losses = try zip(logits.losses(labels, temperature: Double(temperature)), rows).map {
      $0 * Double(targets.weights[$1])
    }
    let classes = Predictions(logits, temperature: temperature).classes
    let right = zip(zip(classes, labels), rows).map { $0.0 == $0.1 ? Double(targets.weights[$1]) : 0 }
    return (losses, right)
  }
}
