import PexConsole
import PexRuntime

extension Measurement {
  /// Accuracy against cost: every exit, the policy in use, and what thresholds of a confidence policy come to.
  /// - Parameter subtitle: what was measured on what.
  func chart(subtitle: String) -> Chart {
    var series: [Chart.Series] = []
    if let curve {
      let points = curve.points.map { Chart.Point($0.outcome.meanCost, $0.outcome.accuracy) }
      series.append(.init("confidence policy, any threshold", .line, colour: 0, points: points))
    }
    let early = rows.filter { $0.exit != .final }
    let final = rows.filter { $0.exit == .final }
    if !early.isEmpty {
      series.append(.init("exit, taken always", .circles, colour: 0, points: early.map(Self.point)))
    }
    if !final.isEmpty {
      series.append(.init("final classifier", .squares, colour: 2, points: final.map(Self.point)))
    }
    series.append(
      .init(
        "policy \(policyName)", .diamonds, colour: 1, points: [Chart.Point(policy.fraction, policy.accuracy)]))
    return Chart(
      title: "Accuracy against cost", subtitle: subtitle,
      x: Chart.Axis("mean share of the model's multiply-accumulates", isShare: true, origin: 0),
      y: Chart.Axis("accuracy", isShare: true), series: series)
  }

  private static func point(_ row: Row) -> Chart.Point {
    Chart.Point(row.figures.fraction, row.figures.accuracy, label: "\(row.exit)")
  }
}
