import Foundation
import PexConsole
import PexEvaluation
import PexRuntime
import PexTensor

/// An evaluation as one page that needs nothing else.
struct ReportPage {
  let evaluation: Evaluation
  let gallery: Gallery
  /// What was measured on what.
  let subtitle: String
  /// Why samples were left out.
  let leftOut: [String]
  /// What computed.
  let machine: String

  /// - Throws: never, as sizes fit.
  func html() throws -> String {
    guard let subject = evaluation.subjects.first, let rule = subject.rules.first else {
      throw PexError(.defect, "an evaluation of nothing")
    }
    let verdict = Verdict(evaluation: evaluation, subject: subject, rule: rule).paragraphs
    var body = ["<h1>How well it answers</h1>", "<p class=\"quiet\">\(HTML.text(subtitle))</p>"]
    body += verdict.enumerated().map { "<p\($0 == 0 ? " class=\"verdict\"" : "")>\($1)</p>" }
    body += ["<h2>Exits and policies</h2>"] + evaluation.subjects.flatMap(tables)
    body += differences + (try charts()) + gallery.sections + notes
    return HTML.page(title: "pexeval: \(subtitle)", body: body)
  }

  private func tables(_ subject: CandidateResult) -> [String] {
    let name = subject.candidate.name ?? "base heads"
    let title = evaluation.subjects.count > 1 ? ["<h3>\(HTML.text(name))</h3>"] : []
    var rows = subject.exits.map { row in
      cells(
        row.exit == .final ? "final" : "exit \(row.exit)", row.figures,
        share: subject.rules.first.map { HTML.bar($0.share(row.exit)) } ?? "")
    }
    if let last = subject.lastResort { rows.append(cells("final, told the classes", last)) }
    rows += subject.rules.map { cells($0.rule.name, $0.figures) }
    let headers = ["", "accuracy", "ms", "stop here", "share of MACs", "calibration error"]
    return title + [HTML.table(headers, rows)]
  }

  private func cells(_ name: String, _ figures: Figures, share: String = "") -> [String] {
    let times = figures.time.interval
    return [
      HTML.text(name), HTML.figure(Format.percent(figures.accuracy), Format.percents(figures.interval)),
      HTML.figure(
        Format.milliseconds(figures.time.mean),
        "\(Format.milliseconds(times.lowerBound)) to \(Format.milliseconds(times.upperBound))"),
      share, Format.percent(figures.fraction), Format.percent(figures.calibrationError),
    ]
  }

  private var differences: [String] {
    let rows = evaluation.comparisons.map { comparison in
      let (difference, interval) = (comparison.difference, comparison.difference.interval)
      return [
        HTML.text(comparison.after.words), HTML.text(comparison.before.words),
        Format.points(difference.gain),
        "\(Format.points(interval.lowerBound)) to \(Format.points(interval.upperBound))",
      ]
    }
    guard !rows.isEmpty else { return [] }
    return [
      "<h2>Differences in accuracy, on the same samples</h2>",
      HTML.table(["", "compared with", "points", "95 % interval"], rows, style: "pairs"),
    ]
  }

  private func charts() throws -> [String] {
    func accuracy(_ cost: AccuracyChart.Cost) -> Chart {
      AccuracyChart(evaluation: evaluation, cost: cost, subtitle: subtitle).chart
    }
    var map = try ConfusionChart(evaluation).map
    map.showsTitle = false
    return [
      "<h2>Accuracy against time</h2>", HTML.chart(accuracy(.time), alternative: "Accuracy against milliseconds"),
      "<h2>Accuracy against work</h2>",
      HTML.chart(accuracy(.work), alternative: "Accuracy against multiply-accumulates"),
      "<h2>Reliability</h2>",
      "<p class=\"quiet\">How often answers are right that are found so probable; lines are 95 % intervals.</p>",
      HTML.chart(
        ReliabilityChart(evaluation: evaluation, subtitle: subtitle).chart,
        alternative: "Share of right answers against their probability"),
      "<h2>What is taken for what</h2>", "<p class=\"quiet\">\(HTML.text(map.subtitle))</p>",
      "<div class=\"scroll\"><img src=\"\(HTML.data(map.svg.utf8, type: "image/svg+xml"))\" "
        + "alt=\"Confusion matrix: a row a class, a column an answer\"/></div>",
    ]
  }

  private var notes: [String] {
    let left =
      leftOut.isEmpty
      ? []
      : ["<p>Left out, \(leftOut.count):</p><ul>"] + leftOut.prefix(20).map { "<li>\(HTML.text($0))</li>" } + ["</ul>"]
    return ["<h2>How it was measured</h2>"] + left + [
      "<p>The network ran once for a sample; exits and policies were read off that run. Intervals hold in 95 of 100 draws of "
        + "samples: Wilson's for shares, Bonett and Price's for differences on the same samples, each for itself. "
        + "Milliseconds are those of further runs, one way through the network at a time; a policy's weigh its ways by how "
        + "many samples took them.</p>",
      "<p class=\"quiet\">pex \(HTML.text(Version.current)), \(HTML.text(machine)).</p>",
    ]
  }
}
