import PexBundle
import PexConsole
import PexEvaluation
import PexTensor

/// Where everything goes that is written, checked before any work.
struct EvaluationTargets {
  private let charts: [(kind: PlotKind, target: ChartFile)]
  /// Where lines of samples go.
  let samples: OutputPath?
  private let report: OutputPath?

  /// - Parameter sources: files that are read.
  /// - Throws: ``PexError``: (usage) when options do not go together, (cannotCreate) as ``OutputPath/check(sources:)``.
  init(_ options: EvaluationOutputs, force: Bool, sources: [String]) throws {
    let kinds = options.plotKind.isEmpty ? options.plot.map { _ in PlotKind.accuracy } : options.plotKind
    guard kinds.count == options.plot.count else {
      throw PexError(
        .usage, "\(options.plot.count) --plot and \(kinds.count) --plot-kind: expected a kind for every chart")
    }
    guard options.samples != nil || !options.logits else {
      throw PexError(.usage, "--logits: they go into --samples, which is not given")
    }
    charts = try zip(kinds, options.plot).map { ($0, try ChartFile($1, force: force)) }
    samples = options.samples.map {
      OutputPath(wanted: $0, input: $0, suffix: "csv", force: force, option: "--samples")
    }
    report = options.report.map { OutputPath(wanted: $0, input: $0, suffix: "html", force: force, option: "--report") }
    var places: Set<String> = []
    for chart in charts { try chart.target.check(sources: sources) }
    for target in [samples, report] { try target?.check(sources: sources) }
    for target in charts.map(\.target.output) + [samples, report].compactMap(\.self) {
      guard places.insert(target.place).inserted else {
        throw PexError(.usage, "\(target.path): two outputs go there")
      }
    }
  }

  /// Writes charts and page.
  /// - Parameter page: makes the page, when one is wanted.
  func write(_ evaluation: Evaluation, subtitle: String, _ console: Console, page: () throws -> String) throws {
    for (kind, target) in charts {
      try target.write(try evaluation.chart(kind, subtitle: subtitle))
      try console.result("wrote \(target.output.path)")
    }
    if let report {
      try report.write(try page())
      try console.result("wrote \(report.path)")
    }
    if let samples { try console.result("wrote \(samples.path)") }
  }
}
