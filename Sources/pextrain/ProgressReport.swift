import PexConsole
import PexTraining

/// How new heads and their policy did against earlier ones.
struct ProgressReport {
  private let successions: [HeadSuccession]
  private let progress: PolicyProgress?
  private let isAgreement: Bool
  private let fullMilliseconds: Double?

  /// Nil when there is nothing to compare with.
  init?(_ result: PersonalTraining.Result) {
    guard !result.successions.isEmpty || result.progress != nil else { return nil }
    (successions, progress, isAgreement) = (result.successions, result.progress, result.isAgreement)
    fullMilliseconds = result.fullMilliseconds
  }

  var lines: [String] {
    var lines: [String] = []
    if let first = successions.first {
      lines.append(
        "earlier heads and new ones on \(first.count) held-out samples, of which the earlier heads may have seen some:")
    }
    lines += successions.map { succession in
      let written = Format.percent(succession.writtenAccuracy)
      let unseen =
        succession.newAccuracy.map { " (\(Format.percent($0)) by heads that have not seen the samples)" } ?? ""
      return "  exit \(succession.exit): \(Format.percent(succession.earlierAccuracy)) -> \(written)\(unseen)"
        + (succession.keepsEarlier ? ": the earlier head stays" : "")
    }
    if let progress {
      lines.append(
        "earlier policy \(words(progress.earlier)); new policy \(words(progress.new)): on the same "
          + "\(progress.count) held-out samples"
          + (progress.isExpected ? "" : ", which chose the new one"))
    }
    return lines
  }

  private func words(_ use: PolicyProgress.Use) -> String {
    let shares = zip(use.exits, use.outcome.exitShares).filter { $0.1 > 0 }
    let exits = shares.map { "\($0.0) \(Format.percent($0.1))" }.joined(separator: ", ")
    return "\(Format.percent(use.outcome.accuracy)) \(isAgreement ? "agreement" : "accuracy") at "
      + "\(CostWords(use.outcome, fullMilliseconds: fullMilliseconds).text), deepest exit \(use.deepest.map { "\($0)" } ?? "-") (\(exits))"
  }

  var json: JSON {
    .members([
      "heads": .array(
        successions.map { succession in
          .members([
            "exit": .integer(succession.exit), "samples": .integer(succession.count),
            "earlier_accuracy": .number(succession.earlierAccuracy),
            "new_accuracy": .optional(succession.newAccuracy, JSON.number),
            "written_accuracy": .number(succession.writtenAccuracy), "earlier_stays": .bool(succession.keepsEarlier),
          ])
        }),
      "policy": .optional(progress) { progress in
        .members([
          "samples": .integer(progress.count), "chosen_on_these": .bool(!progress.isExpected),
          "earlier": json(progress.earlier), "new": json(progress.new),
        ])
      },
    ])
  }

  private func json(_ use: PolicyProgress.Use) -> JSON {
    .members([
      "accuracy": .number(use.outcome.accuracy), "mean_macs_fraction": .number(use.outcome.meanCost),
      "mean_time_fraction": .optional(use.outcome.meanTime, JSON.number),
      "deepest_exit": .optional(use.deepest, \.json),
      "exit_share": .array(
        zip(use.exits, use.outcome.exitShares).map { .members(["exit": $0.json, "share": .number($1)]) }),
    ])
  }
}
