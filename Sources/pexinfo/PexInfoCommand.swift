import ArgumentParser
import Foundation
import PexBundle
import PexConsole
import PexConvert
import PexGraph
import PexONNX
import PexRuntime
import PexTensor

/// `pexinfo`: says what a file is.
@main struct PexInfoCommand: Program {
  static let programName = "pexinfo"
  static let configuration = CommandConfiguration(
    commandName: programName, abstract: "Say what a model, bundle or head file holds, and check it.",
    version: Version.current)

  @Argument(help: "Any file that pex reads.") var file: String?
  @Flag(help: "Compute every checksum and digest anew.") var check = false
  @Flag(help: "Print the graph as text, constants elided.") var nodes = false
  @Flag(help: "Print the operators that can be imported.") var ops = false
  @Flag(help: "Print them as a table in Markdown.") var markdown = false

  @Option(
    help: ArgumentHelp("The architecture, for a Keras file that holds weights alone.", valueName: "file.json"))
  var architecture: String?

  @Option(
    help: ArgumentHelp(
      "Draw the network: what it computes and with which kernels, what that costs, and heads at their taps; blocks that "
        + "repeat are drawn once. For Graphviz with .dot.", valueName: "out.svg|png|pdf|dot"))
  var graph: String?
  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "Find the bundles that a head file fits, in a folder and those in it.", valueName: "folder|bundle.pex"))
  var place: String?
  @Flag(help: "Overwrite what is there.") var force = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard file != nil || ops else { throw ValidationError("a file is missing") }
    guard ops || !markdown else { throw ValidationError("--markdown: only --ops prints a table") }
  }

  func execute() throws {
    let console = Console(program: Self.programName, json: json)
    if ops { try printOperators(console) }
    guard let file else { return }
    // What cannot be read at all is told of when it is opened.
    let kind = (try? BundleReader.kind(ofFileAt: file)) ?? .other
    guard architecture == nil || kind == .other else {
      throw PexError(.usage, "--architecture goes with a Keras file of weights, which \(file) is not")
    }
    let drawing = try graph.map { try NetworkDrawing($0, force: force, source: file) }
    guard drawing == nil || kind != .head else {
      throw PexError(.usage, "--graph: \(file) holds heads, and no network", hint: "draw the bundle that they are for")
    }
    guard place == nil || kind == .head else {
      throw PexError(.usage, "--for: \(file) is no head file", hint: "give a .pexhead, and --for a folder of bundles")
    }
    switch kind {
    case .head:
      let heads = try HeadFile(path: file)
      let search = try place.map { try BundleSearch(heads, below: $0) }
      for error in search?.unreadable ?? [] { console.warn(error.message) }
      try HeadInfo(heads, path: file, check: check, search).print(console)
      if let search, let place { try search.check(heads, below: place) }
    case .bundle:
      let bundle = try BundleFile(path: file)
      if let items = check ? try bundle.check() : nil { try printChecked(items, console) }
      if check, let packed = bundle.contents.packed {
        let compared = try naming(file) { try Model.checkPackedWeights(bundle.contents) }
        try console.result(
          compared
            ? "checked packed tensors: the trunk's weights for \(packed.instructionSet)"
            : "packed tensors are arranged otherwise than here (\(packed.instructionSet)): not compared with the trunk's"
        )
      }
      try ModelInfo(bundle.contents).print(console)
      if nodes { try console.result(bundle.graph.text()) }
      try drawing?.write(bundle.contents, title: (file as NSString).lastPathComponent)
    case .other:
      guard !check else {
        throw PexError(.malformed, "\(file): expected a bundle or a head file, which alone have checksums")
      }
      guard let model = try model(file, console, needsGraph: nodes || drawing != nil) else { return }
      try ModelInfo(model).print(console)
      if nodes { try console.result(model.graph.text()) }
      try drawing?.write(model.graph, title: (file as NSString).lastPathComponent)
    }
  }

  /// The model in a file of another format; nil when it does not convert as it is, and was described as far as it can be.
  private func model(_ file: String, _ console: Console, needsGraph: Bool) throws -> ModelSource? {
    do {
      let model = try ModelSource.open(path: file, architecture: architecture)
      if case .imported(let imported) = model { imported.warnings.forEach(console.warn) }
      return model
    } catch let error as PexError {
      guard !needsGraph,
        let obstacles = ModelSource.obstacles(path: file, architecture: architecture, refusal: error)
      else { throw error }
      try ObstacleInfo(obstacles).print(console)
      return nil
    }
  }

  private func printOperators(_ console: Console) throws {
    let list = OperatorList()
    for line in markdown ? list.markdown : list.text { try console.result(line) }
    guard file == nil else { return }
    try console.report(list.json)
  }

  private func printChecked(_ items: [CheckedItem], _ console: Console) throws {
    for item in items { try console.result("checked \(item.section): \(item.what)") }
  }
}
