import PexConsole
import PexTraining

/// The chart of how training went: one colour an exit, training loss dashed, held-out loss whole, a mark where the head
/// was taken from.
struct LearningCurves {
  private let result: PersonalTraining.Result
  private let subtitle: String

  /// - Parameter subtitle: what was trained on what.
  init(_ result: PersonalTraining.Result, subtitle: String) {
    (self.result, self.subtitle) = (result, subtitle)
  }

  var chart: Chart {
    let key: [Chart.Series] = [
      .init("held out", .line, colour: nil, points: []), .init("training", .dashedLine, colour: nil, points: []),
      .init("kept (0: as it was)", .circles, colour: nil, points: []),
    ]
    let heads = result.heads.enumerated().flatMap { index, head in
      head.report.losses.map {
        series("exit \(head.report.exit)", $0, kept: $0.kept ?? head.report.epochs, colour: index)
      }
        ?? []
    }
    let branches = result.branchLosses.enumerated().flatMap { index, branch in
      series(
        "branch \(branch.exit)", branch.losses, kept: branch.losses.training.count - 1,
        colour: result.heads.count + index)
    }
    return Chart(
      title: "Learning curves", subtitle: subtitle, x: Chart.Axis(axis, origin: 0), y: Chart.Axis("loss (nats)"),
      series: heads + branches + key)
  }

  /// What a step is, of one kind of training or of both.
  private var axis: String {
    let steps = Set(result.heads.compactMap(\.report.losses?.step) + result.branchLosses.map(\.losses.step))
    let strengths = "departures tried, the most cautious first"
    guard steps.contains(.strength) else { return "epoch" }
    return steps.contains(.epoch) ? "epoch, or \(strengths)" : strengths
  }

  private func series(_ name: String, _ losses: LossHistory, kept: Int, colour: Int) -> [Chart.Series] {
    let (training, held) = (points(losses.training), points(losses.validation))
    // Without held-out samples the dashed line is all there is.
    let main = held.isEmpty ? training : held
    var series: [Chart.Series] = []
    if !held.isEmpty, !training.isEmpty { series.append(.init(nil, .dashedLine, colour: colour, points: training)) }
    series.append(.init(name, held.isEmpty ? .dashedLine : .line, colour: colour, points: main))
    if main.indices.contains(kept) { series.append(.init(nil, .circles, colour: colour, points: [main[kept]])) }
    return series
  }

  private func points(_ losses: [Double]) -> [Chart.Point] {
    losses.enumerated().map { Chart.Point(Double($0), $1) }
  }
}
