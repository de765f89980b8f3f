import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// Holds the personal head of the deepest exit against the bundle's base head there.
struct BaseComparison {
  let model: Model
  let cache: TapCache
  let assignment: Assignment

  /// Goes from the base head to the personal one on held-out samples that chose nothing.
  ///
  /// Labels alone are looked at where there are enough of them; otherwise what the teacher says counts, too, and the
  /// figures are agreement.
  /// - Parameters:
  ///   - head: the personal head.
  ///   - plan: what it was trained by.
  ///   - isAligned: whether its start was aligned with the person's features.
  ///   - samples: what the held-out samples should be answered.
  ///   - held: their positions among the samples.
  ///   - isFlattered: see ``Verdict/isFlattered``.
  func verdict(
    of head: TrainedHead, _ plan: HeadPlan, isAligned: Bool, _ samples: PolicySamples, held: [Int], isFlattered: Bool
  ) throws -> Verdict {
    guard let base = try model.bundle.baseHead(at: plan.exit) else { return Verdict(exit: plan.exit, .noBaseHead) }
    let all = samples.measured.flatMap { $0 }.sorted()
    let labelled = all.filter { samples.isLabelled[$0] }
    let positions = labelled.count >= ThresholdChoice.fewestSamples ? labelled : all
    let rows = positions.map { held[$0] }
    guard !rows.isEmpty else { return Verdict(exit: plan.exit, .noSamples) }
    guard let logits = try cache.logits(of: base, at: plan.exit, rows: rows) else {
      return Verdict(exit: plan.exit, .notKept)
    }
    let answers = positions.map { samples.answers[$0] }
    let numbers = answers.map { assignment.classes[$0] }
    var stages: [(Verdict.Measure?, [Bool])] = [
      (nil, right(Predictions(logits, temperature: base.temperature), numbers))
    ]
    // Classes that the base head lacks cannot be limited to; their samples it answers wrong.
    let known = assignment.classes.indices.filter { assignment.classes[$0] < base.specification.classes }
    guard !known.isEmpty else { return Verdict(exit: plan.exit, .noBaseHead) }
    let limited = try logits.limited(
      to: known.map { assignment.classes[$0] }, prior: assignment.prior.map { prior in known.map { prior[$0] } })
    let answered = Predictions(limited, temperature: base.temperature).classes.map { known[$0] }
    stages.append((.classes, zip(answered, answers).map { $0 == $1 }))
    if isAligned, let start = plan.start, let aligned = try cache.logits(of: start, at: plan.exit, rows: rows) {
      let weighed = try LogitTable(classes: aligned.classes, values: aligned.values, prior: assignment.prior)
      stages.append((.alignment, right(Predictions(weighed, temperature: start.temperature), answers)))
    }
    let own = Predictions(try head.heldLogits.selected(positions), temperature: head.report.temperature)
    stages.append((.training, right(own, answers)))
    let steps = zip(stages, stages.dropFirst()).compactMap { before, after in
      after.0.flatMap { measure in
        PairedDifference(before: before.1, after: after.1).map { Verdict.Step(measure: measure, difference: $0) }
      }
    }
    return Verdict(
      exit: plan.exit, steps: steps, isAgreement: positions.contains { !samples.isLabelled[$0] },
      isFlattered: isFlattered)
  }

  private func right(_ predictions: Predictions, _ answers: [Int]) -> [Bool] {
    zip(predictions.classes, answers).map { $0 == $1 }
  }
}
