import ArgumentParser
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
        pexeval model.pex --heads alice.pexhead --data photos/
      """,
    version: Version.current)

  @OptionGroup var model: SessionOptions

  @Option(
    help: ArgumentHelp(
      "Labelled samples: FOLDER/CLASS/picture.png, or an npz file with x and y.", valueName: "folder|file.npz"))
  var data: String

  @OptionGroup var route: RouteOptions
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Print only results, warnings and errors.") var quiet = false

  func execute() throws {
    let console = Console(program: Self.programName, json: json, quiet: quiet)
    let choice = try route.choice()
    guard choice != .all else { throw PexError(.usage, "--exit all: every exit is measured anyway") }
    let session = try model.open()
    let data = try LabelledData(path: data, for: session.model.bundle.contents, console)
    let measurement = try Measurement(session, data, choice, route, console)
    try measurement.print(console)
  }
}
