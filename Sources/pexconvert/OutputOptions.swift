import ArgumentParser

/// What comes out.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("The bundle to write. Default: the model's name with .pex, in this folder.", valueName: "file"))
  var output: String?

  @Option(
    name: .customLong("verify"), defaultAsFlag: 1,
    help: ArgumentHelp("Compare the bundle with the imported graph on random inputs.", valueName: "runs"))
  var verifyRuns: Int?

  @Flag(help: "Store the weights once more, ready for this kind of CPU: the bundle opens faster here.") var pack = false
  @Flag(help: "Do everything but write.") var dryRun = false
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Overwrite what is there.") var force = false
  @Flag(help: "Print only results, warnings and errors.") var quiet = false
  @Flag(name: .shortAndLong, help: "Print what every pass changed.") var verbose = false
}
