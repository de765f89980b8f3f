import ArgumentParser
import Foundation
import PexBundle
import PexConsole
import PexData
import PexRuntime
import PexTensor

/// `pexeval`: measures a bundle and its heads on labelled samples.
@main struct PexEvalCommand: Program {
  static let programName = "pexeval"
  static let configuration = CommandConfiguration(
    commandName: programName,
    abstract: "Measure every exit and the exit policy on labelled samples.",
    discussion: """
      Examples:
        pexeval model.pex --data photos/
        pexeval model.pex --heads alice.pexhead --data photos/ --plot alice.svg
      """,
    version: Version.current)

  @OptionGroup var model: SessionOptions

  @Option(
    help: ArgumentHelp(
      "Labelled samples: FOLDER/CLASS/picture.png, or an npz file with x and y.", valueName: "folder|file.npz"))
  var data: String

  @OptionGroup var route: RouteOptions

  @Option(help: ArgumentHelp("Draw accuracy against cost.", valueName: "file.svg")) var plot: String?
  @Flag(help: "Overwrite what is there.") var force = false
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Print only results, warnings and errors.") var quiet = false

  func execute() throws {
    let console = Console(program: Self.programName, json: json, quiet: quiet)
    let choice = try route.choice()
    guard choice != .all else { throw PexError(.usage, "--exit all: every exit is measured anyway") }
    let target = plot.map { OutputPath(wanted: $0, input: $0, suffix: "svg", force: force, option: "--plot") }
    try target?.check(sources: [model.bundle, data] + (model.heads.map { [$0] } ?? []))
    let session = try model.open()
    let contents = session.model.bundle.contents
    // Classes of the person's own, and folders that no head knows: their samples can only be wrong or rejected.
    let known = Set(contents.classNames ?? [])
    let own = OwnClasses(names: (session.heads.classes ?? []).filter { !known.contains($0) })
    let samples = try LabelledData(path: data, for: contents, own: own, console)
    let measurement = try Measurement(
      session, samples, choice, route, draws: target != nil, console)
    try EvaluationReport(measurement).print(console)
    guard let target else { return }
    let files = ([model.bundle] + (model.heads.map { [$0] } ?? [])).map { ($0 as NSString).lastPathComponent }
    let subtitle =
      "\(files.joined(separator: ", ")) on \(measurement.count) samples of \((data as NSString).lastPathComponent)"
    try target.write(measurement.chart(subtitle: subtitle).svg)
    try console.result("wrote \(target.path)")
  }
}
