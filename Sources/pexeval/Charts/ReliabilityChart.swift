import PexConsole
import PexEvaluation
import PexRuntime

/// How often answers are right that the first rule of each heads finds so probable, with intervals.
struct ReliabilityChart {
  let evaluation: Evaluation
  let subtitle: String

  var chart: Chart {
    let ideal = Chart.Series(
      "as often right as it is probable", .line, colour: nil, points: [.init(0, 0), .init(1, 1)])
    return Chart(
      title: "Reliability", subtitle: subtitle,
      x: Chart.Axis("mean probability of answers", isShare: true, origin: 0, limit: 1),
      y: Chart.Axis("share of them that is right", isShare: true, origin: 0, limit: 1),
      series: [ideal] + ordered.enumerated().flatMap { colour, result in series(result, colour) })
  }

  private var ordered: [CandidateResult] {
    evaluation.results.filter(\.candidate.isReference) + evaluation.subjects
  }

  private func series(_ result: CandidateResult, _ colour: Int) -> [Chart.Series] {
    guard let rule = result.rules.first else { return [] }
    let bins = Reliability(rule.figures.predictions, isRight: rule.figures.isRight, skips: evaluation.noAnswer).bins
    let points = bins.map { Chart.Point($0.confidence, $0.accuracy, interval: $0.interval) }
    let name = "\(XMLText.shortened(result.candidate.name ?? "base heads", to: 24)), \(rule.rule.name)"
    return [
      .init(nil, .dashedLine, colour: colour, points: points), .init(name, .circles, colour: colour, points: points),
    ]
  }
}
