import ArgumentParser
import Foundation
import PexBundle
import PexConsole
import PexData
import PexEvaluation
import PexRuntime
import PexTensor
import PexTraining

/// `pexeval`: measures a bundle and its heads on labelled samples.
@main struct PexEvalCommand: Program {
  static let programName = "pexeval"
  static let configuration = CommandConfiguration(
    commandName: programName,
    abstract: "Measure every exit and exit policies on labelled samples.",
    discussion: """
      Examples:
        pexeval model.pex --data photos/
        pexeval model.pex --heads alice.pexhead --data photos/ --plot alice.svg
        pexeval model.pex --heads a.pexhead --heads b.pexhead --policy confidence:0.8 --policy margin:0.3 --data photos/
        pexeval model.pex --data photos/ --samples samples.csv --logits --report report.html

      A picture that cannot be read does not keep the others from being measured: it is named, and the status is 65 at the end.
      The network runs once for a sample: all heads read it on its way, and policies are followed on what they said.
      Intervals hold in 95 of 100 draws of samples: Wilson's for shares, Bonett and Price's for differences on the same
      samples, each for itself, however many there are.
      Milliseconds are those of further runs: some samples (--timed) are run again to every exit alone, and along the
      exits that policies may take to each of them, one way at a time, with nothing else computed. A policy's mean weighs
      these ways by how many samples took them. With --deadline every sample is run once more for it, and timed.
      --samples has a line a sample, head file and exit: sample, truth, heads, exit (a number, final, or last_resort: the
      classifier told the heads' classes), label, probability, rejected, ms (a run to this exit alone), taken (by the first
      policy; further ones have columns of their own), and a logit:CLASS for every class with --logits. A name that a
      spreadsheet would compute has an apostrophe in front.
      """,
    version: Version.current)

  @OptionGroup var model: SessionOptions

  @Option(
    help: ArgumentHelp(
      "Labelled samples: FOLDER/CLASS with pictures at any depth below, or an npz file with x and y.",
      valueName: "folder|file.npz"))
  var data: String

  @OptionGroup var map: ClassMap
  @OptionGroup var pictures: PictureLimits
  @OptionGroup var route: RouteOptions
  @OptionGroup var outputs: EvaluationOutputs

  @Option(
    help: ArgumentHelp(
      "How many samples are timed, evenly spread. Default: a twentieth of them, from 50 to 100, and all with --samples.",
      valueName: "number|all"))
  var timed: String?

  @Flag(
    help: """
      Try the usual ways in which pictures become inputs, and tell with which the model's own classifier is right most \
      often.
      """) var suggestPreprocessing = false

  @Flag(help: "Overwrite what is there.") var force = false
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Print only results, warnings and errors.") var quiet = false

  func execute() throws {
    let console = Console(program: Self.programName, json: json, quiet: quiet)
    try pictures.check()
    let choices = try route.choices()
    guard choices != [.all] else { throw PexError(.usage, "--exit all: every exit is measured anyway") }
    let targets = try EvaluationTargets(outputs, force: force, sources: [model.bundle, data] + model.heads)
    let asked = try timedSamples()
    let (session, sets) = try model.openAll()
    let candidates = try Candidates(model, session, sets, choices, deadline: route.deadline, console).all
    let contents = session.model.bundle.contents
    // Classes of the person's own, and folders that no head knows: their samples can only be wrong or rejected.
    let known = Set(contents.classNames ?? [])
    var own: [String] = []
    for name in sets.flatMap({ $0.classes ?? [] }) where !known.contains(name) && !own.contains(name) {
      own.append(name)
    }
    let data = try LabelledData(
      path: data, for: contents, own: OwnClasses(names: own, renames: try map.renames()),
      pixelLimit: pictures.pixelLimit, console)
    if suggestPreprocessing {
      return try suggest(PreprocessingSearch(session, data, console), contents, data.dataset, console)
    }
    let measuring = Measuring(
      session: session, data: data, candidates: candidates, reject: route.reject,
      timed: min(asked ?? min(max(data.dataset.count / 20, 50), 100), data.dataset.count))
    try measure(measuring, targets, console)
  }

  private func suggest(
    _ search: PreprocessingSearch, _ contents: BundleContents, _ dataset: Dataset, _ console: Console
  ) throws {
    let (outcomes, leftOut) = try search.run()
    console.warn(skipped: leftOut, of: dataset.count)
    try PreprocessingReport(
      outcomes: outcomes, bundle: model.bundle, current: try contents.sampleFormat().preprocessing,
      leftOut: LeftOutList([dataset.leftOut], leftOut)
    ).print(console)
    try check(leftOut, of: dataset.count)
  }

  private func measure(_ measuring: Measuring, _ targets: EvaluationTargets, _ console: Console) throws {
    var used: [Measuring.Sample] = []
    let (evaluation, leftOut) =
      try targets.samples?.writing { try run(measuring, console, &used, write: $0) }
      ?? measuring.run(console) { sample, _ in used.append(sample) }
    console.warn(skipped: leftOut, of: measuring.data.dataset.count)
    let reasons = leftOut.map(\.reason.message)
    let files = LeftOutList([measuring.data.dataset.leftOut], leftOut)
    try EvaluationReport(evaluation, leftOut: reasons, files).print(console)
    let names = ([model.bundle] + model.heads).map { ($0 as NSString).lastPathComponent }
    let folder = (self.data as NSString).lastPathComponent
    let subtitle = "\(names.joined(separator: ", ")) on \(evaluation.count) samples of \(folder)"
    try targets.write(evaluation, subtitle: subtitle, console) {
      guard let rule = evaluation.subjects.first?.rules.first else { return "" }
      let session = measuring.session
      return try ReportPage(
        evaluation: evaluation,
        gallery: Gallery(evaluation: evaluation, rule: rule, samples: used, dataset: measuring.data.dataset),
        subtitle: subtitle, leftOut: reasons,
        machine: "\(session.model.instructionSet), \(session.threads) threads"
      ).html()
    }
    try check(leftOut, of: measuring.data.dataset.count)
  }

  /// Ends with an error when samples were left out, after everything else was done.
  /// - Throws: ``PexError`` (malformed) naming them.
  private func check(_ leftOut: [UnreadableSample], of count: Int) throws {
    guard let first = leftOut.first else { return }
    let more = leftOut.count > 1 ? "; …" : ""
    throw PexError(
      .malformed, "\(leftOut.count) of \(count) samples are not measured: \(first.reason.message)\(more)",
      hint: first.reason.hint)
  }

  /// Measures, and writes every sample's lines as they come.
  private func run(
    _ measuring: Measuring, _ console: Console, _ used: inout [Measuring.Sample], write: (String) throws -> Void
  ) throws -> (Evaluation, leftOut: [UnreadableSample]) {
    let subjects = measuring.candidates.filter { !$0.isReference }
    let classes = measuring.session.model.bundle.contents.classNames ?? []
    let table = SampleTable(subjects, logits: outputs.logits ? classes : nil)
    try write(table.header)
    return try measuring.run(console) { sample, records in
      used.append(sample)
      try write(table.lines(sample.name, truth: sample.truth, Array(records.prefix(subjects.count))))
    }
  }

  /// How many samples are timed at most; nil where nobody said so.
  private func timedSamples() throws -> Int? {
    guard let timed else { return outputs.samples == nil ? nil : .max }
    if timed == "all" { return .max }
    guard let number = Int(timed), number >= 1 else {
      throw PexError(.usage, "--timed \(timed): expected a number of at least 1, or all")
    }
    return number
  }
}
