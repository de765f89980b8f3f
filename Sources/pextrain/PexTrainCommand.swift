import ArgumentParser
import Foundation
import PexBundle
import PexConsole
import PexData
import PexHeads
import PexRuntime
import PexTensor
import PexTraining

/// `pextrain`: trains heads on a person's own data; the trunk never changes.
@main struct PexTrainCommand: Program {
  static let programName = "pextrain"
  static let configuration = CommandConfiguration(
    commandName: programName,
    abstract: "Train a person's heads, or a bundle's base heads, on pictures with labels or without.",
    discussion: """
      Examples:
        pextrain model.pex --data photos/ -o alice.pexhead
        pextrain model.pex --unlabelled camera/ -o alice.pexhead
        pextrain model.pex --data general/ --base -o trained.pex
      A head file holds no samples; its weights can still tell something about them.
      """,
    version: Version.current)

  @Argument(help: ArgumentHelp("The bundle.", valueName: "bundle.pex")) var bundle: String

  @Option(
    help: ArgumentHelp(
      "Labelled samples: FOLDER/CLASS with pictures at any depth below, or an npz file with x and y.",
      valueName: "folder|file.npz"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Samples without labels: a folder of pictures, whatever folders they lie in, or an npz file with x.",
      valueName: "folder|file.npz"))
  var unlabelled: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The head file to write, or the bundle with --base. Default: the bundle's name with .pexhead, in this folder.",
      valueName: "file"))
  var output: String?

  @OptionGroup var training: TrainingArguments
  @OptionGroup var pictures: PictureLimits

  @Option(help: ArgumentHelp("Draw learning curves, as the suffix says.", valueName: "file.svg|png|pdf")) var plot:
    String?
  @Flag(help: "Write the trained heads into a new bundle as its base heads.") var base = false
  @Flag(
    help: "Write every head, and let the deepest one answer, even where held-out samples say that it gains nothing.")
  var forceHeads = false
  @Option(help: ArgumentHelp("Something to remember the head file by.", valueName: "text")) var note: String?
  @Option(help: "Threads. Default: one a core.") var threads: Int?
  @Flag(help: "Overwrite what is there.") var force = false
  @Flag(help: "Print one JSON object.") var json = false
  @Flag(help: "Print only results, warnings and errors.") var quiet = false

  func execute() throws {
    let console = Console(program: Self.programName, json: json, quiet: quiet)
    let target = OutputPath(wanted: output, input: bundle, suffix: base ? "pex" : "pexhead", force: force)
    try target.check(sources: base ? [] : [bundle])
    try pictures.check()
    let drawing = try drawing(beside: target)
    var options = try training.options()
    options.recordsLosses = drawing != nil
    let model = try Model(try BundleFile(path: bundle))
    let session = try Session(model, threads: threads ?? ThreadPool.defaultThreads)
    let contents = model.bundle.contents
    let earlier = try training.earlier(model)
    let own = try training.ownClasses(contents, earlier)
    if base, let folder = own.renames.keys.min() {
      throw PexError(
        .usage, "--map '\(folder)=…' does not go with --base: base heads know the model's classes alone",
        hint: "rename the folder to the class that it stands for")
    }
    let data = try TrainingData(
      labelled: data, unlabelled: unlabelled, for: contents,
      own: base ? nil : own, pixelLimit: pictures.pixelLimit, console)
    var request = try training.request(model, earlier, classNames: data.classNames)
    request.options = options
    request.isBase = base
    request.forcesHeads = forceHeads
    if training.cost == .time { request.times = TimesFile(model, warn: { console.warn($0) }) }
    if training.from != nil {
      console.warn("samples that the earlier heads were trained on flatter the figures on held-out samples")
    }
    let count = data.samples.count
    let bars = TrainingBars(console, samples: count, featureBytes: try request.featureBytes(model, samples: count))
    let result = try PersonalTraining(session, request).run(
      data.samples, progress: bars.update)
    console.warn(skipped: result.skipped, of: count)
    console.warn(result.copies, of: data.samples)
    console.warn(result.gaps)
    result.notes.forEach(console.warn)
    if base {
      try result.contents(from: contents).write(to: target.path, overwriting: force)
    } else {
      let origin = HeadFileOrigin(
        base: (bundle as NSString).lastPathComponent, date: Today.text, note: note ?? "")
      try result.headFile(for: contents, producer: "pex \(Version.current)", origin: origin)
        .write(to: target.path, overwriting: force)
    }
    try TrainingReport(
      result, LeftOutList(data.leftOut, result.skipped), path: target.path, session: session, isBase: base
    ).print(console)
    guard let drawing else { return }
    let subtitle = "\((target.path as NSString).lastPathComponent) from \(result.labels.count) samples"
    try drawing.write(LearningCurves(result, subtitle: subtitle).chart.svg)
    try console.result("wrote \(drawing.output.path)")
  }

  /// Where learning curves go, checked before any work.
  private func drawing(beside target: OutputPath) throws -> ChartFile? {
    guard let plot else { return nil }
    let drawing = try ChartFile(plot, force: force)
    try drawing.check(sources: [bundle] + [training.from, data, unlabelled].compactMap { $0 })
    guard drawing.output.place != target.place else {
      throw PexError(.usage, "--plot \(plot): is where the heads go")
    }
    return drawing
  }
}
