import Foundation
import PexConsole
import PexTraining

/// What a person gains from what, for people and for scripts.
struct VerdictReport {
  private let verdict: Verdict
  private let split: Split

  init(_ verdict: Verdict, _ split: Split) {
    (self.verdict, self.split) = (verdict, split)
  }

  var lines: [String] {
    guard verdict.absence == nil else { return [verdict.sentence] }
    let figures = verdict.isAgreement ? "agreement with the original classifier" : "accuracy"
    let samples = "\(verdict.count) held-out samples that trained nothing"
    let chose = split.isCrossFitted ? "" : " (they chose strength and epochs)"
    var lines = ["from the base model to the person's answers, \(figures) on \(samples)\(chose):"]
    let width = verdict.steps.map(\.measure.name.count).max() ?? 0
    lines += verdict.steps.map { step in
      let name = step.measure.name.padding(toLength: width, withPad: " ", startingAt: 0)
      let (difference, interval) = (step.difference, step.difference.interval)
      return "  \(name)  \(Format.percent(difference.before)) -> \(Format.percent(difference.after)): "
        + "\(points(difference.gain)) points, \(points(interval.lowerBound)) to \(points(interval.upperBound)) with 95 %"
    }
    if verdict.isFlattered {
      lines.append("  earlier heads may have trained on these samples, which flatters training")
    }
    return lines + [verdict.sentence]
  }

  private func points(_ share: Double) -> String { String(format: "%+.1f", 100 * share) }

  var json: JSON {
    .members([
      "exit": .optional(verdict.lastResort.exit, JSON.integer), "samples": .integer(verdict.count),
      "figures": .string(verdict.isAgreement ? "agreement" : "accuracy"),
      "steps": .array(
        verdict.steps.map { step in
          .members([
            "step": .string(step.measure.rawValue), "before": .number(step.difference.before),
            "after": .number(step.difference.after), "gain": .number(step.difference.gain),
            "interval": .array([
              .number(step.difference.interval.lowerBound), .number(step.difference.interval.upperBound),
            ]),
            "worth_having": .bool(step.difference.isGain),
          ])
        }),
      "flattered": .bool(verdict.isFlattered),
      "keep": verdict.absence == nil ? .string(verdict.keepsPersonalHeads ? "personal" : "base") : .null,
      "last_resort": .members([
        "classifier": .exact(verdict.lastResort.classifier), "head": .exact(verdict.lastResort.head),
        "exit": .optional(verdict.lastResort.exit, JSON.integer),
      ]),
      "sentence": .string(verdict.sentence),
    ])
  }
}
