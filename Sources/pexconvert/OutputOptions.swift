import ArgumentParser
import PexConsole
import PexTensor

/// What comes out.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("The bundle to write. Default: the model's name with .pex, in this folder.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Write for other runtimes instead: onnx, one file with every exit's logits as a further output exitK; onnx-stages, a "
        + "folder with a file for each stage between exits and a stages.json.",
      discussion: """
        Heads that are not trained have no numbers and are left out; when none is trained, nothing is written (--exits none \
        writes the network alone). Default names: MODEL.onnx (MODEL.exits.onnx for an ONNX model) and MODEL.stages.
        """,
      valueName: "form"))
  var emit: EmittedForm?

  @Option(
    help: ArgumentHelp(
      "With --emit: write these personal heads in the place of the base heads.", valueName: "file.pexhead")
  )
  var heads: String?

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

extension OutputOptions {
  /// Checks that the options do not contradict each other.
  /// - Throws: ``PexError`` (usage).
  func validate(trainsHeads: Bool) throws {
    if let verifyRuns, verifyRuns < 1 {
      throw PexError(.usage, "--verify=\(verifyRuns): expected at least one run")
    }
    guard emit != nil else {
      guard heads == nil else {
        throw PexError(
          .usage, "--heads goes with --emit: a bundle holds base heads", hint: "personal heads stay a file of their own"
        )
      }
      return
    }
    guard !pack else { throw PexError(.usage, "--pack is for bundles: it does not go with --emit") }
    guard heads == nil || !trainsHeads else {
      throw PexError(.usage, "--train-heads trains base heads, in whose place --heads puts others")
    }
  }

  /// Where to write.
  func target(model: String, isBundle: Bool) -> OutputPath {
    let wanted = output.map { name in
      // A slash behind a folder's name means nothing.
      emit == .stages && name.count > 1 && name.hasSuffix("/") ? String(name.dropLast()) : name
    }
    return OutputPath(wanted: wanted, input: model, suffix: suffix(isBundle: isBundle), force: force)
  }

  private func suffix(isBundle: Bool) -> String {
    switch emit {
    case nil: "pex"
    // The default never is the model itself.
    case .onnx: isBundle ? "onnx" : "exits.onnx"
    case .stages: "stages"
    }
  }

  /// Checks early that the target may be written. A file may be replaced by one of its kind that was made from it.
  /// - Throws: ``PexError`` as `OutputPath.check` and `OutputPath.checkFolder`.
  func check(_ target: OutputPath, model: String, isBundle: Bool) throws {
    let sources = [model] + (heads.map { [$0] } ?? [])
    switch emit {
    case nil: try target.check(sources: isBundle ? [] : sources)
    case .onnx: try target.check(sources: isBundle ? sources : Array(sources.dropFirst()))
    case .stages: try target.checkFolder(sources: sources, mayGo: Emission.isOwn)
    }
  }
}
