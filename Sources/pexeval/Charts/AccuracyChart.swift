import PexConsole
import PexEvaluation
import PexRuntime
import PexTraining

/// Accuracy against what it costs: every exit, the rules, and what thresholds of a confidence policy come to; of all heads,
/// those that others are compared with first.
struct AccuracyChart {
  /// What stands across.
  enum Cost { case work, time }

  let evaluation: Evaluation
  let cost: Cost
  let subtitle: String

  private var ordered: [CandidateResult] {
    evaluation.results.filter(\.candidate.isReference) + evaluation.subjects
  }

  var chart: Chart {
    let results = ordered
    var series = results.enumerated().flatMap { colour, result in exits(result, colour) }
    if let final = evaluation.results.first?.exits.last(where: { $0.exit == .final }) {
      series.append(.init("final classifier", .squares, colour: nil, points: [point(final.figures, label: "final")]))
    }
    series += results.enumerated().flatMap { colour, result in rules(result, colour) }
    let across =
      cost == .work
      ? Chart.Axis("mean share of the model's multiply-accumulates", isShare: true, origin: 0)
      : Chart.Axis("mean milliseconds", origin: 0)
    return Chart(
      title: "Accuracy against \(cost == .work ? "cost" : "time")", subtitle: subtitle, x: across,
      y: Chart.Axis("accuracy", isShare: true, limit: 1), series: series)
  }

  /// What tells one result from others in the legend.
  private func prefix(_ result: CandidateResult) -> String {
    evaluation.results.count == 1 ? "" : "\(XMLText.shortened(result.candidate.name ?? "base heads", to: 24)): "
  }

  private func exits(_ result: CandidateResult, _ colour: Int) -> [Chart.Series] {
    var series: [Chart.Series] = []
    if let curve = cost == .work ? result.curves?.cost : result.curves?.time {
      let points = curve.points.map { Chart.Point($0.outcome.meanCost, $0.outcome.accuracy) }
      series.append(.init("\(prefix(result))confidence, any threshold", .line, colour: colour, points: points))
    }
    let early = result.exits.filter { $0.exit != .final }
    if !early.isEmpty {
      let points = early.map { point($0.figures, label: "\($0.exit)") }
      series.append(.init("\(prefix(result))exit, taken always", .circles, colour: colour, points: points))
    }
    return series
  }

  private func rules(_ result: CandidateResult, _ colour: Int) -> [Chart.Series] {
    result.rules.map { rule in
      .init(
        "\(prefix(result))policy \(rule.rule.name)", .diamonds, colour: colour,
        points: [point(rule.figures, label: result.rules.count > 1 ? rule.rule.name : nil)])
    }
  }

  private func point(_ figures: Figures, label: String?) -> Chart.Point {
    let x = cost == .work ? figures.fraction : figures.time.mean
    return Chart.Point(x, figures.accuracy, label: label, interval: figures.interval)
  }
}
