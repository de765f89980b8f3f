import PexConsole
import PexExits
import PexGraph

/// The exit points of a graph, for `--list-exits`.
struct ExitList {
  private let graph: Graph
  private let points: [ExitPoint]
  private let total: Cost

  init(_ graph: Graph) {
    self.graph = graph
    points = ExitPoint.all(in: graph)
    total = graph.cost()
  }

  func print(_ console: Console) throws {
    var table = Table([
      ("exit", .right), ("value", .left), ("shape", .left), ("MACs", .right), ("share", .right), ("parameters", .right),
    ])
    for point in points {
      table.add([
        String(point.number), graph[point.value].name, "\(point.type)", Format.count(point.cost.multiplyAccumulates),
        Format.percent(share(point)), Format.count(point.cost.parameters),
      ])
    }
    for line in table.lines { try console.result(line) }
    try console.result("")
    try console.result(
      "whole model: \(Format.count(total.multiplyAccumulates)) MACs, \(Format.count(total.parameters)) parameters")
    try console.report(json)
  }

  private func share(_ point: ExitPoint) -> Double {
    Double(point.cost.multiplyAccumulates) / Double(max(total.multiplyAccumulates, 1))
  }

  private var json: JSON {
    let exits: [JSON] = points.map { point in
      .members([
        "index": .integer(point.number), "value": .string(graph[point.value].name),
        "shape": .array(point.type.perSample.map(JSON.integer)),
        "macs": .integer(point.cost.multiplyAccumulates), "macs_fraction": .number(share(point)),
        "parameters": .integer(point.cost.parameters),
      ])
    }
    return .report([
      "exits": .array(exits),
      "total": .members(["macs": .integer(total.multiplyAccumulates), "parameters": .integer(total.parameters)]),
    ])
  }
}
