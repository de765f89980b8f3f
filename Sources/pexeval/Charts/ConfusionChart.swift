import PexConsole
import PexEvaluation
import PexTraining

/// What the first rule of the first heads takes for what, as a map of shares.
struct ConfusionChart {
  /// With more classes than this, those with most errors are drawn and the others taken together.
  private static let mostClasses = 30

  private let evaluation: Evaluation
  private let matrix: ConfusionMatrix
  /// Whose answers.
  private let subtitle: String

  /// - Throws: never, as sizes fit.
  init(_ evaluation: Evaluation) throws {
    self.evaluation = evaluation
    let subject = evaluation.subjects.first
    let rule = subject?.rules.first
    let heads = XMLText.shortened(subject?.candidate.name ?? "base heads", to: 40)
    subtitle = "\(heads), \(rule?.rule.name ?? ""), \(evaluation.count) samples"
    matrix = try rule.map(evaluation.confusion) ?? ConfusionMatrix(.init(classes: [], confidences: []), labels: [])
  }

  var map: HeatMap {
    let shown = shownClasses
    let places = Dictionary(shown.enumerated().map { ($1, $0) }) { first, _ in first }
    let others = shown.count < matrix.classes.count
    let size = shown.count + (others ? 1 : 0)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: size), count: size)
    for cell in matrix.cells {
      counts[places[cell.truth] ?? shown.count][places[cell.answer] ?? shown.count] += cell.count
    }
    let names = shown.map(evaluation.name) + (others ? ["(\(matrix.classes.count - shown.count) others)"] : [])
    // What never is the truth, as no answer never is, has no row.
    let rows = counts.indices.filter { counts[$0].contains { $0 > 0 } }
    return HeatMap(
      title: "What is taken for what", subtitle: subtitle, rowTitle: "class", columnTitle: "answer", names: names,
      rows: rows, counts: rows.map { counts[$0] })
  }

  /// Numbers of the classes that are drawn, rising.
  private var shownClasses: [Int] {
    guard matrix.classes.count > Self.mostClasses else { return matrix.classes }
    var errors: [Int: Int] = [:]
    for cell in matrix.cells where cell.truth != cell.answer {
      errors[cell.truth, default: 0] += cell.count
      errors[cell.answer, default: 0] += cell.count
    }
    let ranked = matrix.classes.sorted { (errors[$1] ?? 0, $0) < (errors[$0] ?? 0, $1) }
    return ranked.prefix(Self.mostClasses).sorted()
  }
}
