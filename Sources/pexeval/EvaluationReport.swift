import PexConsole
import PexRuntime
import PexTraining

/// A measurement as text and as JSON.
struct EvaluationReport {
  /// Pairs of classes that the text names.
  private static let shownPairs = 5
  /// With more classes than this the JSON lists the cells of the confusion matrix that are not zero.
  private static let denseClasses = 100

  private let measured: Measurement

  init(_ measured: Measurement) { self.measured = measured }

  func print(_ console: Console) throws {
    for line in exits.lines { try console.result(line) }
    let confused = measured.confusion.mostConfused(Self.shownPairs)
    if !confused.isEmpty {
      try console.result("")
      for line in pairs(confused).lines { try console.result(line) }
      try console.result("")
    }
    try console.result("\(measured.count) samples")
    if measured.rejects { try console.result(rejection) }
    try console.report(json)
  }

  private var rejection: String {
    let policy = measured.policy
    let accepted = policy.acceptedAccuracy.map { "\(Format.percent($0)) of the others right" } ?? "no others"
    let counts = policy.rejection
    let unknown =
      counts.unknown == 0
      ? "" : "; \(counts.unknownRejected) of \(counts.unknown) samples of unknown classes rejected"
    return "rejected by \(measured.policyName): \(counts.rejected), \(accepted)\(unknown)"
  }

  private func rejection(_ figures: Measurement.Figures) -> JSON {
    .members([
      "rejected": .integer(figures.rejection.rejected),
      "accepted_accuracy": .optional(figures.acceptedAccuracy, JSON.number),
      "unknown": .integer(figures.rejection.unknown), "unknown_rejected": .integer(figures.rejection.unknownRejected),
    ])
  }

  private var exits: Table {
    var table = Table([
      ("exit", .right), ("accuracy", .right), ("calibration error", .right), ("share of MACs", .right),
      ("mean ms", .right), ("taken by policy", .right),
    ])
    for row in measured.rows { table.add(cells("\(row.exit)", row.figures) + [Format.percent(row.share)]) }
    table.add(cells(measured.policyName, measured.policy))
    return table
  }

  private func cells(_ name: String, _ figures: Measurement.Figures) -> [String] {
    [
      name, Format.percent(figures.accuracy), Format.percent(figures.calibrationError),
      Format.percent(figures.fraction), Format.milliseconds(figures.milliseconds),
    ]
  }

  private func pairs(_ confused: [ConfusionMatrix.Cell]) -> Table {
    var table = Table([("class", .left), ("policy answers", .left), ("samples", .right), ("of", .right)])
    for cell in confused {
      table.add([
        shown(cell.truth), shown(cell.answer), String(cell.count), String(measured.confusion.count(of: cell.truth)),
      ])
    }
    return table
  }

  private func name(_ number: Int) -> String {
    measured.classNames.indices.contains(number) ? measured.classNames[number] : "(unknown class)"
  }

  /// A name on a terminal: folders may be called anything.
  private func shown(_ number: Int) -> String {
    String(name(number).map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "?" : $0 })
  }

  private var json: JSON {
    let exits: [JSON] = measured.rows.map { row in
      .members([
        "exit": row.exit.json, "accuracy": .number(row.figures.accuracy),
        "macs_fraction": .number(row.figures.fraction), "mean_ms": .number(row.figures.milliseconds),
        "expected_calibration_error": .number(row.figures.calibrationError), "rejection": rejection(row.figures),
      ])
    }
    return .report([
      "images": .integer(measured.count), "exits": .array(exits),
      "policy": .members([
        "name": .string(measured.policyName), "accuracy": .number(measured.policy.accuracy),
        "mean_macs_fraction": .number(measured.policy.fraction), "mean_ms": .number(measured.policy.milliseconds),
        "exit_share": .array(measured.rows.map { .number($0.share) }),
        "expected_calibration_error": .number(measured.policy.calibrationError),
        "rejection": rejection(measured.policy),
      ]),
      "confusion": confusion,
    ])
  }

  /// The policy's confusion matrix over the classes that occur: `matrix` with a row a true class and a column an answer,
  /// or, for more than 100 classes, `cells` with `[row, column, samples]` of what is not zero. The other one is null.
  private var confusion: JSON {
    let matrix = measured.confusion
    let isDense = matrix.classes.count <= Self.denseClasses
    let places = Dictionary(matrix.classes.enumerated().map { ($1, $0) }) { first, _ in first }
    let rows: [JSON] = isDense ? matrix.rows.map { .array($0.map(JSON.integer)) } : []
    let cells: [JSON] = matrix.cells.map { cell in
      .array([cell.truth, cell.answer].map { .integer(places[$0] ?? 0) } + [.integer(cell.count)])
    }
    return .members([
      "classes": .array(matrix.classes.map { .string(name($0)) }),
      "matrix": isDense ? .array(rows) : .null, "cells": isDense ? .null : .array(cells),
    ])
  }
}
