import PexConsole
import PexData
import PexEvaluation

/// Tells what ``PreprocessingSearch`` found.
struct PreprocessingReport {
  let outcomes: [PreprocessingSearch.Outcome]
  /// The bundle, as it was named.
  let bundle: String
  let current: Preprocessing
  let leftOut: LeftOutList

  func print(_ console: Console) throws {
    guard let best = outcomes.first else { return }
    var table = Table([("options of pexconvert", .left), ("right", .right), ("95 % interval", .right)])
    for outcome in outcomes {
      let interval = ProportionInterval.wilson(outcome.right, of: outcome.count)
      let isCurrent = outcome.preprocessing == current ? " (as it is)" : ""
      table.add([
        outcome.options + isCurrent, Format.percent(outcome.accuracy),
        "\(Format.percent(interval.lowerBound)) … \(Format.percent(interval.upperBound))",
      ])
    }
    for line in table.lines { try console.result(line) }
    let isFine = best.preprocessing == current
    try console.result(
      isFine
        ? "nothing does better than what the bundle says"
        : "best: pexconvert \(bundle) \(best.options) (on \(best.count) pictures)")
    try console.report(
      .report([
        "images": .integer(best.count), "suggestion": isFine ? .null : .string(best.options),
        "candidates": .array(
          outcomes.map {
            .members([
              "options": .string($0.options), "accuracy": .number($0.accuracy),
              "current": .bool($0.preprocessing == current),
            ])
          }),
        "left_out_files": leftOut.json,
      ]))
  }
}
