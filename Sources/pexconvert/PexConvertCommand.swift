import ArgumentParser
import PexBundle
import PexConsole
import PexConvert
import PexExits
import PexGraph
import PexONNX
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
      """,
    version: Version.current)

  @Argument(help: ArgumentHelp("The trained network: an ONNX file, or a bundle to convert again.", valueName: "model"))
  var model: String

  @OptionGroup var placement: PlacementOptions
  @OptionGroup var source: SourceOptions
  @OptionGroup var pictures: PictureOptions
  @OptionGroup var output: OutputOptions

  func execute() throws {
    let console = Console(program: Self.programName, json: output.json, quiet: output.quiet)
    let options = try conversionOptions()
    let target = OutputPath(wanted: output.output, input: model, suffix: "pex", force: output.force)
    if !placement.listExits, !output.dryRun {
      let isBundle = (try? BundleReader.kind(ofFileAt: model)) == .bundle
      try target.check(sources: isBundle ? [] : [model])
    }
    if placement.trainHeads != nil, options.exits == ExitRequest.none {
      throw PexError(.usage, "--exits none leaves no head that --train-heads could train")
    }
    let opened = try open(console)
    if case .onnx(let imported) = opened { imported.warnings.forEach(console.warn) }
    if placement.listExits {
      try ExitList(try Converter.canonical(opened).graph).print(console)
      return
    }
    var result = try naming(model) { try Converter.convert(opened, options) }
    result.warnings.forEach(console.warn)
    if let folder = placement.trainHeads {
      result.contents = try BaseHeads.train(result.contents, folder: folder, console)
    }
    if let runs = output.verifyRuns {
      try Verification(source: opened, contents: result.contents).run(count: runs, console)
    }
    if output.pack, !output.dryRun { result.contents.packed = try Model.packedWeights(result.contents) }
    let report = try ConversionReport(result, source: opened, path: output.dryRun ? nil : target)
    try report.print(console, verbose: output.verbose)
  }

  private func open(_ console: Console) throws -> ModelSource {
    do { return try ModelSource.open(path: model, options: try source.importOptions()) } catch let error as PexError {
      // A preflight in JSON is a result even when the answer is no.
      if error.kind == .unsupported, let report = try? ONNXImporter.unsupportedOperators(path: model) {
        try console.report(
          .report([
            "supported": false,
            "unsupported": .array(
              report.entries.map { entry in
                .members([
                  "operator": .string(entry.qualifiedName), "count": .integer(entry.nodes.count),
                  "nodes": .array(entry.nodes.map(JSON.string)),
                ])
              }),
          ]))
      }
      throw error
    }
  }

  private func conversionOptions() throws -> ConversionOptions {
    var options = ConversionOptions()
    options.exits = try placement.request()
    (options.headKind, options.headKinds) = try placement.kinds()
    options.storage = source.weights.dtype
    options.labels = try source.readLabels()
    options.preprocessing = try pictures.preprocessing()
    return options
  }
}
