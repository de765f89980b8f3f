import PexBundle
import PexConsole
import PexConvert
import PexExits
import PexGraph
import PexTensor

/// Tells what was done.
struct ConversionReport {
  /// What was written.
  struct Written {
    let path: String
    let bytes: Int
    /// How many stages the path, a folder, holds; nil for a file.
    var stages: Int?
  }

  private let result: Converter.Result
  private let source: ModelSource
  private let written: Written?

  init(_ result: Converter.Result, source: ModelSource, written: Written?) {
    self.result = result
    self.source = source
    self.written = written
  }

  func print(_ console: Console, verbose: Bool) throws {
    let graph = result.contents.trunk.graph
    let cost = graph.cost()
    try console.result("operators: \(result.importedNodes) imported, \(graph.nodes.count) in the trunk")
    if verbose {
      for change in result.changes { try console.result("  \(change.pass): \(change.count)") }
    }
    if case .imported(let model) = source, verbose {
      let list = model.operatorCounts.map { "\($0.op) \($0.count)" }.joined(separator: ", ")
      try console.result("  \(model.opset.map { "opset \($0)" } ?? model.source.rawValue): \(list)")
    }
    try console.result(
      "trunk: \(Format.count(cost.multiplyAccumulates)) MACs, \(Format.count(cost.parameters)) parameters, \(Format.bytes(trunkBytes))"
    )
    var table = Table([
      ("exit", .right), ("value", .left), ("shape", .left), ("share", .right), ("head", .left), ("head MACs", .right),
      ("head parameters", .right),
    ])
    for exit in result.exits {
      table.add([
        String(exit.point.number), graph[value(exit)].name, "\(exit.point.type)", Format.percent(share(exit)),
        exit.head.kind.rawValue + (isTrained(exit) ? "" : ", untrained"), Format.count(exit.head.multiplyAccumulates),
        Format.count(exit.head.parameterCount),
      ])
    }
    if !result.exits.isEmpty { for line in table.lines { try console.result(line) } }
    try console.result("heads: \(Format.bytes(headBytes))")
    if let written {
      let stages = written.stages.map { $0 == 1 ? ", 1 stage" : ", \($0) stages" } ?? ""
      try console.result("wrote \(written.path)\(stages), \(Format.bytes(written.bytes))")
    }
    try console.report(json)
  }

  private var json: JSON {
    let trunk = result.contents.trunk
    let exits: [JSON] = result.exits.map { exit in
      .members([
        "exit": .integer(exit.point.number), "value": .string(trunk.graph[value(exit)].name),
        "shape": .array(exit.point.type.perSample.map(JSON.integer)),
        "macs": .integer(exit.point.cost.multiplyAccumulates), "macs_fraction": .number(share(exit)),
        "head": .string(exit.head.kind.rawValue), "head_macs": .integer(exit.head.multiplyAccumulates),
        "head_parameters": .integer(exit.head.parameterCount), "trained": .bool(isTrained(exit)),
      ])
    }
    let cost = trunk.graph.cost()
    return .report([
      "supported": true, "output": .optional(written?.path, JSON.string),
      "bytes": .optional(written?.bytes, JSON.integer), "stages": .optional(written?.stages, JSON.integer),
      "trunk_bytes": .integer(trunkBytes),
      "head_bytes": .integer(headBytes), "trunk_digest": .string("\(trunk.digest)"),
      "operators": .members([
        "imported": .integer(result.importedNodes), "canonical": .integer(trunk.graph.nodes.count),
      ]),
      "classifier": .optional(trunk.graph.classifier) { classifier in
        .members([
          "output": .string(trunk.graph[classifier.output].name), "kind": .string(classifier.kind.rawValue),
        ])
      },
      "exits": .array(exits),
      "total": .members(["macs": .integer(cost.multiplyAccumulates), "parameters": .integer(cost.parameters)]),
    ])
  }

  /// Placements speak of the graph before it was numbered for the file.
  private func value(_ exit: ExitPlacement) -> ValueID {
    result.contents.trunk.exitPoint(exit.point.number)?.value ?? exit.point.value
  }

  private func share(_ exit: ExitPlacement) -> Double {
    let total = result.contents.trunk.graph.cost().multiplyAccumulates
    return Double(exit.point.cost.multiplyAccumulates) / Double(max(total, 1))
  }

  private func isTrained(_ exit: ExitPlacement) -> Bool {
    result.contents.exits.contains { $0.exit == exit.point.number && $0.parameters != nil }
  }

  private var trunkBytes: Int {
    result.contents.trunk.constants.reduce(0) { $0 + (result.contents.trunk.graph[$1].constant?.byteCount ?? 0) }
  }

  private var headBytes: Int {
    result.contents.exits.flatMap { $0.parameters ?? [] }.reduce(0) { $0 + $1.byteCount }
  }
}
