import ArgumentParser
import PexBundle
import PexConsole
import PexData
import PexGraph
import PexRuntime
import PexTensor

/// `pexrun`: runs a bundle on pictures and arrays.
@main struct PexRunCommand: Program {
  static let programName = "pexrun"
  static let optionalNumbers = ["bench"]
  static let configuration = CommandConfiguration(
    commandName: programName,
    abstract: "Run a bundle: stop at the first exit that is sure enough.",
    discussion: """
      Examples:
        pexrun model.pex cat.png
        pexrun model.pex --heads alice.pexhead photos/
        camera | pexrun model.pex -
        pexrun model.pex --input image=batch.npy --exit final --save-outputs out/
        pexrun model.pex --bench
      A file that cannot be read does not keep the others from being answered: it is named, and the status is 65 at the end.
      """,
    version: Version.current)

  @OptionGroup var model: SessionOptions

  @Argument(
    help: ArgumentHelp(
      "Pictures or .npy files, or folders of them, read at any depth; - is standard input. None: describe the bundle and time every exit.",
      valueName: "input")
  )
  var inputs: [String] = []

  @OptionGroup var route: RouteOptions
  @OptionGroup var pictures: PictureLimits

  @Option(
    name: .customLong("input"),
    help: ArgumentHelp("A raw array for an input, in the source model's layout.", valueName: "name=file.npy"))
  var arrays: [String] = []

  @Option(help: ArgumentHelp("Write every computed output as .npy into this folder.", valueName: "folder"))
  var saveOutputs: String?

  @Option(
    name: .customLong("bench"), defaultAsFlag: 1,
    help: ArgumentHelp("Time every exit on synthetic input, for this long each.", valueName: "seconds"))
  var benchSeconds: Double?

  @Flag(help: "Time every step.") var profile = false
  @Option(help: "Samples that a timed run computes.") var batch = 1
  @Option(help: "How many classes to list in JSON.") var top = 5
  @Flag(help: "Overwrite outputs that are there.") var force = false
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Print only results, warnings and errors.") var quiet = false

  func execute() throws {
    let console = Console(program: Self.programName, json: json, quiet: quiet)
    guard (1...65536).contains(batch) else { throw PexError(.usage, "--batch \(batch): expected 1…65536") }
    guard top >= 1 else { throw PexError(.usage, "--top \(top): expected at least 1") }
    try pictures.check()
    let choice = try route.choice()
    if profile && benchSeconds != nil { throw PexError(.usage, "--bench and --profile are two measurements") }
    try SavedOutputs.check(saveOutputs, force: force)

    let stopwatch = Stopwatch()
    let memory = ResidentMemory.now
    let session = try model.open()
    let loaded = stopwatch.milliseconds
    try session.validate(choice)
    if let bench = benchSeconds ?? (inputs.isEmpty && arrays.isEmpty && !profile ? 0.2 : nil) {
      if benchSeconds == nil { try Description(session).print(console) }
      let sample = try Samples(session, files: inputs, arrays: arrays, pixelLimit: pictures.pixelLimit).first()
      let measured = try Bench(session, seconds: bench, batch: batch, loadMilliseconds: loaded, memoryBefore: memory)
      try measured.run(sample, console)
      return
    }
    warnAboutUntrained(session, choice, console)
    console.warnAboutClosedExits(session.heads, choice)
    let samples = try Samples(session, files: inputs, arrays: arrays, pixelLimit: pictures.pixelLimit)
    samples.warnings.forEach(console.warn)
    samples.remarks.forEach(console.progress)
    if samples.hasPictures { console.warnAboutLevels(session.model.bundle.contents) }
    if profile {
      try ProfileReport(session, try samples.first(), choice, deadline: route.deadline).print(console)
      return
    }
    try run(session, samples, choice, console)
  }

  private func run(_ session: Session, _ samples: Samples, _ choice: ExitChoice, _ console: Console) throws {
    let report = RunReport(top: top)
    var saved = SavedOutputs(session.model.bundle.graph)
    var results: [JSON] = []
    var failed = FailedInputs(console, hasOthers: samples.hasSeveralFiles)
    try samples.visit(&failed) { name, sample in
      let answer = try naming(name) { try session.run(sample, choice, deadline: route.deadline, reject: route.reject) }
      try console.result(report.line(name, answer))
      results.append(report.json(name, answer))
      if saveOutputs != nil { try saved.add(answer) }
    }
    if let folder = saveOutputs { try saved.write(to: folder, overwriting: force) }
    try console.report(
      .report([
        "results": .array(results), "failed": failed.json,
        "left_out_files": failed.listed(beside: samples.leftOut).json,
      ]))
    try failed.check(answered: results.count)
  }

  private func warnAboutUntrained(_ session: Session, _ choice: ExitChoice, _ console: Console) {
    let untrained = session.heads.entries.filter { !$0.isTrained }.map(\.exit)
    switch choice {
    case .fixed(let exit) where untrained.contains(exit):
      console.warn("the head of exit \(exit) is not trained: its answer means nothing")
    case .all where !untrained.isEmpty:
      console.warn("heads that are not trained: \(untrained.map(String.init).joined(separator: ", "))")
    case .stored, .policy, .fixed, .final, .all: break
    }
  }
}
