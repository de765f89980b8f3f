import PexConsole
import PexEvaluation
import PexRuntime
import PexTensor
import PexTraining

/// An evaluation as a report. `exits`, `policy` and `confusion` speak of the first heads under the first policy; `heads`
/// of all, the base heads that others are compared with included.
struct EvaluationJSON {
  /// With more classes than this the cells of the confusion matrix are listed that are not zero.
  private static let denseClasses = 100

  private let measured: Evaluation
  private let leftOut: [String]
  private let leftOutFiles: LeftOutList

  init(_ measured: Evaluation, leftOut: [String], _ leftOutFiles: LeftOutList) {
    (self.measured, self.leftOut, self.leftOutFiles) = (measured, leftOut, leftOutFiles)
  }

  var report: JSON {
    get throws {
      guard let subject = measured.subjects.first, let rule = subject.rules.first else {
        throw PexError(.defect, "an evaluation of nothing")
      }
      return .report([
        "images": .integer(measured.count), "exits": exits(subject), "policy": policy(rule, subject),
        "confusion": try confusion(rule), "left_out": .array(leftOut.map(JSON.string)),
        "left_out_files": leftOutFiles.json,
        "heads": .array(measured.results.map(heads)), "differences": .array(measured.comparisons.map(difference)),
      ])
    }
  }

  private func exits(_ subject: CandidateResult) -> JSON {
    .array(
      subject.exits.map { row in
        .members([
          "exit": row.exit.json, "accuracy": .number(row.figures.accuracy),
          "macs_fraction": .number(row.figures.fraction), "mean_ms": .number(row.figures.time.mean),
          "expected_calibration_error": .number(row.figures.calibrationError),
          "rejection": rejection(row.figures), "accuracy_interval": .interval(row.figures.interval),
          "ms_interval": .interval(row.figures.time.interval),
        ])
      })
  }

  private func policy(_ rule: CandidateResult.RuleResult, _ subject: CandidateResult) -> JSON {
    let figures = rule.figures
    return .members([
      "name": .string(rule.rule.name), "accuracy": .number(figures.accuracy),
      "mean_macs_fraction": .number(figures.fraction), "mean_ms": .number(figures.time.mean),
      "exit_share": .array(subject.exits.map { .number(rule.share($0.exit)) }),
      "expected_calibration_error": .number(figures.calibrationError), "rejection": rejection(figures),
      "accuracy_interval": .interval(figures.interval), "ms_interval": .interval(figures.time.interval),
    ])
  }

  private func heads(_ result: CandidateResult) -> JSON {
    .members([
      "heads": .optional(result.candidate.name, JSON.string), "is_reference": .bool(result.candidate.isReference),
      "exits": exits(result), "last_resort": .optional(result.lastResort, lastResort),
      "policies": .array(result.rules.map { policy($0, result) }),
    ])
  }

  private func lastResort(_ figures: Figures) -> JSON {
    .members([
      "accuracy": .number(figures.accuracy), "accuracy_interval": .interval(figures.interval),
      "expected_calibration_error": .number(figures.calibrationError),
      "macs_fraction": .number(figures.fraction), "mean_ms": .number(figures.time.mean),
    ])
  }

  private func difference(_ comparison: Comparison) -> JSON {
    func side(_ side: Comparison.Side) -> JSON {
      .members([
        "heads": .optional(side.heads, JSON.string), "policy": .optional(side.rule, JSON.string),
        "final": .bool(side.isFinal),
      ])
    }
    return .members([
      "before": side(comparison.before), "after": side(comparison.after),
      "gain": .number(comparison.difference.gain), "interval": .interval(comparison.difference.interval),
    ])
  }

  private func rejection(_ figures: Figures) -> JSON {
    .members([
      "rejected": .integer(figures.rejection.rejected),
      "accepted_accuracy": .optional(figures.acceptedAccuracy, JSON.number),
      "unknown": .integer(figures.rejection.unknown), "unknown_rejected": .integer(figures.rejection.unknownRejected),
    ])
  }

  /// The confusion matrix over the classes that occur: `matrix` with a row a true class and a column an answer, or, for more
  /// than 100 classes, `cells` with `[row, column, samples]` of what is not zero. The other one is null.
  private func confusion(_ rule: CandidateResult.RuleResult) throws -> JSON {
    let matrix = try measured.confusion(rule)
    let isDense = matrix.classes.count <= Self.denseClasses
    let places = Dictionary(matrix.classes.enumerated().map { ($1, $0) }) { first, _ in first }
    let rows: [JSON] = isDense ? matrix.rows.map { .array($0.map(JSON.integer)) } : []
    let cells: [JSON] = matrix.cells.map { cell in
      .array([cell.truth, cell.answer].map { .integer(places[$0] ?? 0) } + [.integer(cell.count)])
    }
    return .members([
      "classes": .array(matrix.classes.map { .string(measured.name($0)) }),
      "matrix": isDense ? .array(rows) : .null, "cells": isDense ? .null : .array(cells),
    ])
  }
}

extension JSON {
  /// An interval as an array of its two ends.
  static func interval(_ interval: ClosedRange<Double>) -> JSON {
    .array([.number(interval.lowerBound), .number(interval.upperBound)])
  }
}
