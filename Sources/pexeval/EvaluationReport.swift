import PexConsole
import PexEvaluation
import PexRuntime
import PexTensor
import PexTraining

/// An evaluation as text; see ``EvaluationJSON`` for the other.
struct EvaluationReport {
  /// Pairs of classes that the text names.
  private static let shownPairs = 5

  private let measured: Evaluation
  private let leftOut: [String]
  private let leftOutFiles: LeftOutList

  init(_ measured: Evaluation, leftOut: [String], _ leftOutFiles: LeftOutList) {
    (self.measured, self.leftOut, self.leftOutFiles) = (measured, leftOut, leftOutFiles)
  }

  func print(_ console: Console) throws {
    guard console.json else {
      for line in try lines { try console.result(line) }
      return
    }
    let report = try EvaluationJSON(measured, leftOut: leftOut, leftOutFiles).report
    try console.report(report)
  }

  private var lines: [String] {
    get throws {
      var lines = measured.subjects.flatMap { subject in
        let title = measured.subjects.count > 1 ? ["heads \(Self.shown(subject.candidate.name ?? "base"))"] : []
        return title + exits(subject).lines + [""]
      }
      if let first = measured.subjects.first?.rules.first {
        let confused = try measured.confusion(first)
        let pairs = confused.mostConfused(Self.shownPairs)
        if !pairs.isEmpty { lines += self.pairs(pairs, confused).lines + [""] }
      }
      let comparisons = measured.comparisons
      if !comparisons.isEmpty { lines += differences(comparisons).lines + [""] }
      if measured.rejects { lines += measured.subjects.flatMap(rejections) }
      return lines + ["\(measured.count) samples"]
    }
  }

  private func exits(_ subject: CandidateResult) -> Table {
    var table = Table([
      ("exit", .right), ("accuracy", .right), ("95 % interval", .right), ("calibration error", .right),
      ("share of MACs", .right), ("mean ms", .right), ("taken by policy", .right),
    ])
    for row in subject.exits {
      let share = subject.rules.first.map { Format.percent($0.share(row.exit)) } ?? ""
      table.add(cells("\(row.exit)", row.figures) + [share])
    }
    if let last = subject.lastResort { table.add(cells("final, told the classes", last)) }
    // To answer at the end always is the row of that exit.
    let rows = subject.exits.map { "\($0.exit)" }
    for rule in subject.rules where !rows.contains(rule.rule.name) {
      table.add(cells(rule.rule.name, rule.figures))
    }
    return table
  }

  private func cells(_ name: String, _ figures: Figures) -> [String] {
    [
      name, Format.percent(figures.accuracy), Format.percents(figures.interval),
      Format.percent(figures.calibrationError), Format.percent(figures.fraction),
      Format.milliseconds(figures.time.mean),
    ]
  }

  private func pairs(_ confused: [ConfusionMatrix.Cell], _ matrix: ConfusionMatrix) -> Table {
    var table = Table([("class", .left), ("policy answers", .left), ("samples", .right), ("of", .right)])
    for cell in confused {
      table.add([
        Self.shown(measured.name(cell.truth)), Self.shown(measured.name(cell.answer)), String(cell.count),
        String(matrix.count(of: cell.truth)),
      ])
    }
    return table
  }

  private func differences(_ comparisons: [Comparison]) -> Table {
    var table = Table([
      ("on the same samples", .left), ("compared with", .left), ("points", .right), ("95 % interval", .right),
    ])
    for comparison in comparisons {
      let difference = comparison.difference
      table.add([
        Self.shown(comparison.after.words), Self.shown(comparison.before.words), Format.points(difference.gain),
        "\(Format.points(difference.interval.lowerBound)) to \(Format.points(difference.interval.upperBound))",
      ])
    }
    return table
  }

  private func rejections(_ subject: CandidateResult) -> [String] {
    subject.rules.map { rule in
      let (figures, counts) = (rule.figures, rule.figures.rejection)
      let accepted = figures.acceptedAccuracy.map { "\(Format.percent($0)) of the others right" } ?? "no others"
      let unknown =
        counts.unknown == 0
        ? "" : "; \(counts.unknownRejected) of \(counts.unknown) samples of unknown classes rejected"
      let heads = measured.subjects.count > 1 ? "\(Self.shown(subject.candidate.name ?? "base")), " : ""
      return "rejected by \(heads)\(rule.rule.name): \(counts.rejected), \(accepted)\(unknown)"
    }
  }

  /// A name on a terminal: files and folders may be called anything.
  private static func shown(_ name: String) -> String {
    String(name.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "?" : $0 })
  }
}

extension Comparison.Side {
  /// What people read.
  var words: String { rule.map { "\(heads ?? "base heads"), \($0)" } ?? "final classifier" }
}
