import PexBundle
import PexConsole
import PexExits
import PexGraph
import PexONNX
import PexRuntime
import PexTensor

/// A network with the heads of its exits baked in, for `--emit`.
struct Emission {
  /// The exits that are written, by depth.
  let exits: [HeadSet.Entry]
  private let contents: BundleContents
  private let heads: HeadSet
  private let graph: Graph
  private let logits: [ValueID]

  /// Bakes heads into a network. Exits whose heads are not trained are left out, with a warning.
  /// - Throws: ``PexError`` (usage) when no head is trained though there are exits, (unsupported) when an output's name is
  ///   taken.
  init(_ contents: BundleContents, _ heads: HeadSet, _ console: Console) throws {
    exits = heads.entries.filter(\.isTrained)
    guard !exits.isEmpty || heads.entries.isEmpty else {
      throw PexError(
        .usage, "--emit: no head is trained, so no exit has logits",
        hint: "train heads with --train-heads or pextrain --base, name personal ones with --heads, or say --exits none")
    }
    let untrained = heads.entries.filter { !$0.isTrained }.map { String($0.exit) }.joined(separator: ", ")
    if !untrained.isEmpty { console.warn("exits whose heads are not trained are left out: \(untrained)") }
    self.contents = contents
    self.heads = heads
    var graph = contents.trunk.graph
    logits = try graph.add(
      try exits.map { entry in
        PlacedHead(
          exit: entry.exit, head: entry.head, tap: try contents.trunk.tap(entry.exit),
          earlier: try entry.head.specification.earlier.map { try contents.trunk.tap($0.exit) })
      })
    self.graph = graph
  }

  /// Where the exits stand and what is there, for the report.
  var placements: [ExitPlacement] {
    get throws {
      let trunk = contents.trunk
      return try exits.map { entry in
        let value = try trunk.tap(entry.exit)
        let point = ExitPoint(
          number: entry.exit, value: value, type: trunk.graph[value].type, cost: trunk.graph.cost(of: [value]))
        return ExitPlacement(point: point, head: entry.head.specification)
      }
    }
  }

  /// The same exits as a bundle would hold them.
  var records: [ExitRecord] { exits.map { ExitRecord(exit: $0.exit, head: $0.head) }.sorted { $0.exit < $1.exit } }

  /// Writes one ONNX file.
  /// - Returns: what it takes.
  /// - Throws: ``PexError`` (unsupported) when the graph has no form in ONNX or is too large, as `AtomicFile.write`.
  func writeModel(to target: OutputPath?) throws -> Int {
    let description = EmissionDescription(contents, heads, exits).members.filter { !$0.value.isNull }
    let file = try export(graph, description.map { ("pex.\($0.key)", $0.value.text) })
    if let target {
      try AtomicFile.write(to: target.path, overwriting: target.overwrites) { sink in
        try file.write { try sink.write($0) }
      }
    }
    return file.byteCount
  }

  /// Writes a folder with an ONNX file a stage and the list of them.
  /// - Returns: how many stages there are, and what all files take.
  /// - Throws: ``PexError`` as ``writeModel(to:)``.
  func writeStages(to target: OutputPath?) throws -> (count: Int, bytes: Int) {
    let stages = try graph.stages(at: zip(exits, logits).map { ($0.exit, $1) })
    let files = try stages.map { try export($0.graph, []) }
    let list = Array(stageList(stages).text.utf8) + [UInt8(ascii: "\n")]
    if let target {
      var members = files.enumerated().map { index, file in
        AtomicFolder.Member(name: Self.fileName(index)) { sink in try file.write { try sink.write($0) } }
      }
      members.append(
        AtomicFolder.Member(name: Self.listName) { sink in try list.withUnsafeBytes { try sink.write($0) } })
      try AtomicFolder.write(to: target.path, overwriting: target.overwrites, mayGo: Self.isOwn, members)
    }
    return (stages.count, files.reduce(list.count) { $0 + $1.byteCount })
  }

  private static let listName = "stages.json"

  private static func fileName(_ index: Int) -> String { "stage\(index + 1).onnx" }

  /// Whether a folder of stages may hold a file of that name.
  static func isOwn(_ name: String) -> Bool {
    if name == listName { return true }
    guard name.hasPrefix("stage"), name.hasSuffix(".onnx") else { return false }
    let number = name.dropFirst("stage".count).dropLast(".onnx".count)
    return !number.isEmpty && number.allSatisfy { $0.isASCII && $0.isNumber }
  }

  private func export(_ graph: Graph, _ metadata: [(key: String, value: String)]) throws -> ONNXFile {
    try ONNXExporter.export(graph, producer: ("pexconvert", Version.current), metadata: metadata)
  }

  private func stageList(_ stages: [Stage]) -> JSON {
    let entries = stages.enumerated().map { index, stage in
      JSON.members([
        "file": .string(Self.fileName(index)), "exit": stage.exit.map(JSON.integer) ?? "final",
        "inputs": .array(stage.graph.inputs.map { .string(stage.graph[$0.value].name) }),
        "outputs": .array(stage.graph.outputs.map { .string(stage.graph[$0].name) }),
      ])
    }
    var members: [(key: String, value: JSON)] = [("format", 1), ("stages", .array(entries))]
    members += EmissionDescription(contents, heads, exits).members
    return .object(members)
  }
}

extension Trunk {
  /// The value that a head at an exit reads.
  fileprivate func tap(_ exit: Int) throws -> ValueID {
    guard let point = exitPoint(exit) else { throw PexError(.defect, "there is no exit point \(exit)") }
    return point.value
  }
}
