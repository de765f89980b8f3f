import PexConsole
import PexTraining

/// The chart of how training went: one colour a head, training loss dashed, held-out loss whole, a mark where the head
/// was taken from.
struct LearningCurves {
  private let heads: [TrainedHead]
  private let subtitle: String

  /// - Parameter subtitle: what was trained on what.
  init(_ heads: [TrainedHead], subtitle: String) {
    self.heads = heads
    self.subtitle = subtitle
  }

  var chart: Chart {
    let key: [Chart.Series] = [
      .init("held out", .line, colour: nil, points: []), .init("training", .dashedLine, colour: nil, points: []),
      .init("epoch kept (0: start)", .circles, colour: nil, points: []),
    ]
    let curves = heads.enumerated().flatMap { index, head in series(head.report, colour: index) }
    return Chart(
      title: "Learning curves", subtitle: subtitle, x: Chart.Axis("epoch", origin: 0), y: Chart.Axis("loss (nats)"),
      series: curves + key)
  }

  private func series(_ report: HeadReport, colour: Int) -> [Chart.Series] {
    guard let losses = report.losses else { return [] }
    let (training, held) = (points(losses.training), points(losses.validation))
    // Without held-out samples the dashed line is all there is.
    let main = held.isEmpty ? training : held
    var series: [Chart.Series] = []
    if !held.isEmpty { series.append(.init(nil, .dashedLine, colour: colour, points: training)) }
    series.append(.init("exit \(report.exit)", held.isEmpty ? .dashedLine : .line, colour: colour, points: main))
    if main.indices.contains(report.epochs) {
      series.append(.init(nil, .circles, colour: colour, points: [main[report.epochs]]))
    }
    return series
  }

  private func points(_ losses: [Double]) -> [Chart.Point] {
    losses.enumerated().map { Chart.Point(Double($0), $1) }
  }
}
