import PexBundle
import PexHeads
import PexTensor

/// Holds what answers last for a person against the base model, step by step, on held-out samples that chose nothing.
struct BaseComparison {
  let cache: TapCache
  let lesson: PersonLesson
  let samples: PolicySamples

  /// Goes from the base model to the person's answers.
  ///
  /// Labels alone are looked at where there are enough of them; otherwise what the teacher says counts, too, and the
  /// figures are agreement.
  /// - Parameter isFlattered: see ``Verdict/isFlattered``.
  func verdict(of heads: PersonHeads, isFlattered: Bool) throws -> Verdict {
    let lastResort = heads.last.lastResort
    guard let told = lesson.told, let logits = cache.finalLogits else { return Verdict(lastResort, .noClassifier) }
    let held = lesson.split.held
    let all = samples.measured.flatMap { $0 }.sorted()
    let labelled = all.filter { samples.isLabelled[$0] }
    let positions = labelled.count >= ThresholdChoice.fewestSamples ? labelled : all
    guard !positions.isEmpty else { return Verdict(lastResort, .noSamples) }
    let answers = positions.map { samples.answers[$0] }
    let rows = positions.map { held[$0] }
    let base = Predictions(try logits.selected(rows)).classes
    let stages: [(Verdict.Measure?, [Bool])] = [
      (nil, zip(base, answers).map { $0 == lesson.assignment.classes[$1] }),
      (.classes, right(Predictions(try told.selected(rows)), answers)),
      (
        lesson.replacesClassifier ? .alignment : .training,
        right(Predictions(try heads.last.logits.selected(positions)), answers)
      ),
    ]
    let steps = zip(stages, stages.dropFirst()).compactMap { before, after in
      after.0.flatMap { measure in
        PairedDifference(before: before.1, after: after.1).map { Verdict.Step(measure: measure, difference: $0) }
      }
    }
    return Verdict(
      lastResort, steps: steps, isAgreement: positions.contains { !samples.isLabelled[$0] }, isFlattered: isFlattered)
  }

  private func right(_ predictions: Predictions, _ answers: [Int]) -> [Bool] {
    zip(predictions.classes, answers).map { $0 == $1 }
  }
}
