import ArgumentParser

/// What is written besides the report.
struct EvaluationOutputs: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Draw a chart, as the suffix says. May be given several times, with as many --plot-kind.",
      valueName: "file.svg|png|pdf"))
  var plot: [String] = []

  @Option(
    help: ArgumentHelp(
      "What the chart shows: accuracy (against cost, the default), time (accuracy against milliseconds), confusion, "
        + "reliability.", valueName: "kind"))
  var plotKind: [PlotKind] = []

  @Option(
    help: ArgumentHelp(
      "Write what every exit answered for every sample, a line each.", valueName: "file.csv"))
  var samples: String?

  @Option(
    help: ArgumentHelp(
      "Write one page with everything, charts and the pictures that were answered wrong in it, for any browser. It shows "
        + "pictures: treat it as they are.", valueName: "file.html"))
  var report: String?

  @Flag(help: "Add all logits to --samples, a column a class.") var logits = false
}

/// What a chart shows.
enum PlotKind: String, ExpressibleByArgument, CaseIterable {
  case accuracy, time, confusion, reliability
}
