import PexBundle
import PexConsole
import PexConvert
import PexExits
import PexGraph
import PexRuntime
import PexTensor

/// What a model or a bundle holds.
struct ModelInfo {
  private let kind: String
  private let graph: Graph
  private let contents: BundleContents?
  private let producer: String

  init(_ contents: BundleContents) {
    kind = "bundle"
    graph = contents.trunk.graph
    self.contents = contents
    producer = contents.producer
  }

  init(_ source: ModelSource) {
    graph = source.graph
    switch source {
    case .imported(let model):
      kind = model.source.rawValue
      contents = nil
      producer = model.producer
    case .bundle(let bundle):
      kind = "bundle"
      contents = bundle.contents
      producer = bundle.contents.producer
    }
  }

  func print(_ console: Console) throws {
    let cost = graph.cost()
    try console.result("\(kind), made by \(producer.isEmpty ? "an unnamed program" : producer)")
    for input in graph.inputs {
      let type = input.layout.arrayType(graph[input.value].type)
      try console.result("input \(graph[input.value].name): \(type) \(input.layout.rawValue)")
    }
    for (output, axis) in zip(graph.outputs, graph.batchAxes) {
      let role = output == graph.classifier?.output ? ", \(graph.classifier?.kind.rawValue ?? "none")" : ""
      let place = axis == 0 ? "" : ", the batch on axis \(axis) in the source"
      try console.result("output \(graph[output].name): \(graph[output].type)\(role)\(place)")
    }
    try console.result(
      "\(graph.nodes.count) nodes, \(Format.count(cost.multiplyAccumulates)) MACs, \(Format.count(cost.parameters)) parameters"
    )
    if let contents { try print(contents, console) }
    try console.report(json(cost))
  }

  private func print(_ contents: BundleContents, _ console: Console) throws {
    try console.result("trunk digest \(contents.trunk.digest), weights \(contents.trunk.storage.name)")
    try console.result("\(contents.trunk.exitPoints.count) exit points")
    if let packed = contents.packed {
      let bytes = packed.segments.reduce(0) { $0 + $1.byteCount }
      try console.result("packed weights for \(packed.instructionSet), \(Format.bytes(bytes))")
    }
    for exit in contents.exits {
      let state = exit.parameters == nil ? "untrained" : "trained, temperature \(exit.temperature)"
      let threshold = exit.threshold.map { ", threshold \($0)" } ?? ""
      try console.result(
        "  exit \(exit.exit): \(exit.specification.words), \(classes(exit, contents)), \(state)\(threshold)"
      )
    }
    for entry in contents.statistics {
      try console.result(
        "  statistics of exit \(entry.exit): \(entry.classes) classes, \(entry.channels) channels, rank \(entry.rank)")
    }
    if let reference = contents.reference {
      try console.result(
        "  ordinary pictures: their features at exit \(reference.exit) and how sure the model is of them, "
          + "by \(reference.classes) of its answers")
    }
    if let policy = contents.policy { try console.result("policy \(policy.text)") }
    if let labels = contents.labels {
      let shown = labels.prefix(8).joined(separator: ", ")
      try console.result("\(labels.count) labels: \(shown)\(labels.count > 8 ? ", …" : "")")
    }
    if let pictures = PictureWords(contents) { try console.result("pictures: \(pictures.line)") }
  }

  /// How many classes a head tells apart, where anybody knows.
  private func classes(_ exit: ExitRecord, _ contents: BundleContents) -> String {
    guard contents.classNames != nil || exit.parameters != nil else { return "a place for classes of one's own" }
    return exit.specification.classes == 1 ? "1 class" : "\(exit.specification.classes) classes"
  }

  private func json(_ cost: Cost) -> JSON {
    var members: [(key: String, value: JSON)] = [
      ("format", 1), ("kind", .string(kind)), ("producer", .string(producer)),
    ]
    if contents == nil { members.append(("convertible", true)) }
    members.append(("inputs", .array(graph.inputs.map(inputJSON))))
    members.append(("outputs", .array(graph.outputs.map(outputJSON))))
    members.append(("exit_points", .array(pointsJSON(cost))))
    if let contents {
      let policy = contents.policy?.text
      members.append(("exits", .array(contents.exits.map(exitJSON))))
      members.append(("statistics", .array(contents.statistics.map(statisticsJSON))))
      members.append(("reference", .optional(contents.reference, statisticsJSON)))
      members.append(("trunk_digest", .string("\(contents.trunk.digest)")))
      members.append(("weights", .string(contents.trunk.storage.name)))
      members.append(("packed", .optional(contents.packed?.instructionSet, JSON.string)))
      members.append(("policy", .optional(policy, JSON.string)))
      members.append(("pictures", .optional(PictureWords(contents)) { $0.json }))
      members.append(("labels", .optional(contents.labels) { .array($0.map(JSON.string)) }))
    }
    let total: JSON = .members(["macs": .integer(cost.multiplyAccumulates), "parameters": .integer(cost.parameters)])
    members.append(("total", total))
    return .object(members)
  }

  private func inputJSON(_ input: GraphInput) -> JSON {
    let value = graph[input.value]
    return .members([
      "name": .string(value.name), "shape": shape(input.layout.arrayType(value.type)),
      "batch": .bool(value.type.hasBatch), "dtype": .string(value.type.dtype.name),
      "layout": .string(input.layout.rawValue),
    ])
  }

  private func outputJSON(_ output: ValueID) -> JSON {
    let kind = output == graph.classifier?.output ? graph.classifier?.kind.rawValue : nil
    return .members([
      "name": .string(graph[output].name), "shape": shape(graph[output].type),
      "batch": .bool(graph[output].type.hasBatch), "kind": .optional(kind, JSON.string),
    ])
  }

  /// Exit points with their prefix digests; only a bundle has those.
  private func pointsJSON(_ cost: Cost) -> [JSON] {
    func point(_ number: Int, _ value: ValueID, _ macs: Int, _ digest: String?) -> JSON {
      .members([
        "index": .integer(number), "value": .string(graph[value].name),
        "macs_fraction": .number(Double(macs) / Double(max(cost.multiplyAccumulates, 1))),
        "prefix_digest": .optional(digest, JSON.string),
      ])
    }
    guard let contents else {
      return ExitPoint.all(in: graph).map { point($0.number, $0.value, $0.cost.multiplyAccumulates, nil) }
    }
    return contents.trunk.exitPoints.map { point($0.number, $0.value, $0.multiplyAccumulates, "\($0.prefixDigest)") }
  }

  private func exitJSON(_ exit: ExitRecord) -> JSON {
    .members([
      "exit": .integer(exit.exit), "head": .string(exit.specification.kind.rawValue),
      "earlier": exit.specification.earlierExits,
      "classes": .integer(exit.specification.classes), "trained": .bool(exit.parameters != nil),
      "temperature": .number(Double(exit.temperature)), "threshold": .optional(exit.threshold, { .number(Double($0)) }),
    ])
  }

  private func statisticsJSON(_ entry: ExitStatistics) -> JSON {
    .members([
      "exit": .integer(entry.exit), "classes": .integer(entry.classes), "channels": .integer(entry.channels),
      "rank": .integer(entry.rank),
    ])
  }

  /// Extents for one sample, as everywhere in JSON; `"batch"` says whether the first one is the batch.
  private func shape(_ type: ValueType) -> JSON { .array(type.perSample.map(JSON.integer)) }
}
