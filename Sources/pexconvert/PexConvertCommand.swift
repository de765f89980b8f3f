import ArgumentParser
import PexBundle
import PexConsole
import PexConvert
import PexData
import PexExits
import PexGraph
import PexRuntime
import PexTensor

/// `pexconvert`: from a trained network to a bundle with exits.
@main struct PexConvertCommand: Program {
  static let programName = "pexconvert"
  static let optionalNumbers = ["verify"]
  static let configuration = CommandConfiguration(
    commandName: programName,
    abstract: "Turn a trained CNN into a bundle: a frozen trunk with heads at chosen depths.",
    discussion: """
      Examples:
        pexconvert model.onnx --list-exits
        pexconvert model.onnx --exits 3,6,9 --labels labels.txt --preprocess imagenet
        pexconvert model.h5 --verify
        pexconvert detector.onnx --labels mine.txt --input image:1x3x320x320 --input threshold=0.5
        pexconvert model.pex --heads alice.pexhead --emit onnx -o alice.onnx
      """,
    version: Version.current)

  @Argument(
    help: ArgumentHelp(
      "The trained network: an ONNX file, a Keras file (.h5, .hdf5, .keras), or a bundle to convert again.",
      valueName: "model"))
  var model: String

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var source: SourceOptions
  @OptionGroup var pictures: PictureOptions
  @OptionGroup var limits: PictureLimits
  @OptionGroup var output: OutputOptions

  func execute() throws {
    let console = Console(program: Self.programName, json: output.json, quiet: output.quiet)
    try limits.check()
    let labels = try source.readLabels()
    var (options, notes) = try conversionOptions(labels)
    try output.validate(trainsHeads: placement.trainHeads != nil)
    let isBundle = (try? BundleReader.kind(ofFileAt: model)) == .bundle
    let target = output.target(model: model, isBundle: isBundle)
    if !placement.listExits, !output.dryRun { try output.check(target, model: model, isBundle: isBundle) }
    if placement.trainHeads != nil, options.exits == ExitRequest.none {
      throw PexError(.usage, "--exits none leaves no head that --train-heads could train")
    }
    let opened = try open(console)
    switch opened {
    case .imported(let imported): (imported.warnings + notes).forEach(console.warn)
    case .bundle(let bundle): options = try adapted(options, to: bundle, console)
    }
    if placement.listExits {
      try ExitList(try naming(model) { try Converter.canonical(opened, options.classifier).graph }).print(console)
      return
    }
    var result = try naming(model) { try Converter.convert(opened, options) }
    ((labels?.warnings ?? []) + result.warnings).forEach(console.warn)
    if let folder = placement.trainHeads {
      result.contents = try BaseHeads.train(result.contents, folder: folder, pixelLimit: limits.pixelLimit, console)
    }
    if let path = placement.calibrate {
      result.contents.reference = try CalibrationPictures.reference(
        result.contents, path: path, pixelLimit: limits.pixelLimit, console)
    }
    if let runs = output.verifyRuns {
      try Verification(source: opened, contents: result.contents).run(count: runs, console)
    }
    let written = try write(&result, to: output.dryRun ? nil : target, console)
    let report = ConversionReport(result, source: opened, written: written)
    try report.print(console, verbose: output.verbose)
  }

  /// Writes the bundle, or what was asked for instead of it.
  /// - Parameter target: nil does everything but write.
  private func write(
    _ result: inout Converter.Result, to target: OutputPath?, _ console: Console
  ) throws -> ConversionReport.Written? {
    guard let form = output.emit else {
      guard let target else { return nil }
      if output.pack { result.contents.packed = try Model.packedWeights(result.contents) }
      try result.contents.write(to: target.path, overwriting: target.overwrites)
      return ConversionReport.Written(path: target.path, bytes: try MappedFile(path: target.path).bytes.count)
    }
    let contents = result.contents
    let heads = try output.heads.map { path in
      let file = try HeadFile(path: path)
      return try naming(path) { try HeadSet(file, on: contents) }
    }
    let emission = try Emission(contents, try heads ?? HeadSet(base: contents), console)
    result.exits = try emission.placements
    result.contents.exits = emission.records
    switch form {
    case .onnx:
      let bytes = try emission.writeModel(to: target)
      return target.map { ConversionReport.Written(path: $0.path, bytes: bytes) }
    case .stages:
      let (count, bytes) = try emission.writeStages(to: target)
      return target.map { ConversionReport.Written(path: $0.path, bytes: bytes, stages: count) }
    }
  }

  private func open(_ console: Console) throws -> ModelSource {
    let architecture = source.importing.architecture
    do {
      return try ModelSource.open(
        path: model, architecture: architecture, options: try source.importOptions())
    } catch let error as PexError {
      // A preflight in JSON is a result even when the answer is no.
      if output.json, error.kind == .unsupported,
        let report = try? ModelSource.unsupported(path: model, architecture: architecture)
      {
        try console.report(
          .report([
            "supported": false, "opset": .optional(report.opset, JSON.integer), "message": .string(error.message),
            "hint": .optional(error.hint, JSON.string),
            "unsupported": .array(
              report.entries.map { entry in
                .members([
                  "operator": .string(entry.qualifiedName), "count": .integer(entry.nodes.count),
                  "supported_since": .optional(entry.supportedSince, JSON.integer),
                  "nodes": .array(entry.nodes.map(JSON.string)),
                ])
              }),
          ]))
      }
      throw error
    }
  }

  /// What options mean for a bundle: they change what it says and leave the rest.
  /// - Throws: ``PexError`` (usage) when one cannot be had from a bundle.
  private func adapted(
    _ options: ConversionOptions, to bundle: BundleFile, _ console: Console
  ) throws -> ConversionOptions {
    var options = options
    let classifier = try source.importing.classifierOfBundle()
    options.classifier = ClassifierChoice(output: classifier.output, kind: classifier.kind)
    guard source.layout == nil else {
      throw PexError(
        .usage, "--layout: a bundle's inputs lie as they do",
        hint: "give --layout when the model is converted that the bundle was made from")
    }
    var notes: [String] = []
    options.preprocessing = try pictures.preprocessing(
      over: bundle.contents.preprocessing.map(Preprocessing.init), &notes)
    notes.forEach(console.warn)
    if bundle.contents.packed != nil, output.emit == nil, !output.pack, !placement.listExits {
      console.warn("the weights that were packed for one kind of CPU are left out: --pack stores them again")
    }
    return options
  }

  /// - Returns: what is asked for of a model of another format, and what was assumed of it.
  private func conversionOptions(_ labels: LabelList?) throws -> (ConversionOptions, notes: [String]) {
    var options = ConversionOptions()
    var notes: [String] = []
    options.exits = try placement.request()
    (options.headKind, options.headKinds) = try placement.kinds()
    options.storage = source.weights?.dtype
    options.labels = labels?.names
    options.classifier.kind = source.importing.outputKind
    options.preprocessing = try pictures.preprocessing(&notes)
    options.resampling = pictures.resample
    return (options, notes)
  }
}
