import PexConsole
import PexEvaluation
import PexTensor

extension Evaluation {
  /// A chart as an SVG document.
  /// - Parameter subtitle: what was measured on what.
  func chart(_ kind: PlotKind, subtitle: String) throws -> String {
    switch kind {
    case .accuracy: AccuracyChart(evaluation: self, cost: .work, subtitle: subtitle).chart.svg
    case .time: AccuracyChart(evaluation: self, cost: .time, subtitle: subtitle).chart.svg
    case .confusion: try ConfusionChart(self).map.svg
    case .reliability: ReliabilityChart(evaluation: self, subtitle: subtitle).chart.svg
    }
  }
}
