import PexConsole
import PexConvert
import PexGraph
import PexONNX
import PexTensor

/// A model that does not convert as it is: what its file says, and what stands in the way.
struct ObstacleInfo {
  private let obstacles: ModelSource.Obstacles

  init(_ obstacles: ModelSource.Obstacles) { self.obstacles = obstacles }

  func print(_ console: Console) throws {
    let description = obstacles.description
    let producer = description.producer
    let opset = description.opset.map { ", opset \($0)" } ?? ""
    try console.result(
      "\(obstacles.source.rawValue), made by \(producer.isEmpty ? "an unnamed program" : producer)\(opset)")
    for port in description.inputs { try console.result("input \(port.name): \(text(port))") }
    for port in description.outputs { try console.result("output \(port.name): \(text(port))") }
    let counts = description.operatorCounts
    if !counts.isEmpty {
      try console.result(
        "\(obstacles.source == .keras ? "layers" : "operators"): \(counts.map { "\($0.op) \($0.count)" }.joined(separator: ", "))"
      )
    }
    for obstacle in obstacles.list {
      try console.result("in the way: \(obstacle.message)")
      if let hint = obstacle.hint { try console.result("  hint: \(hint)") }
    }
    try console.report(json)
  }

  private func text(_ port: ModelDescription.Port) -> String {
    let extents = port.extents?.enumerated().map { axis, extent in
      switch extent {
      case .fixed(let number): String(number)
      case .open(let name): name.isEmpty ? (axis == 0 ? "N" : "?") : name
      }
    }
    return (port.type ?? "no tensor that is known here") + (extents.map { "[\($0.joined(separator: ","))]" } ?? "")
  }

  /// Open extents are null, or the file's word for them.
  private func json(_ port: ModelDescription.Port) -> JSON {
    .members([
      "name": .string(port.name), "dtype": .optional(port.type, JSON.string),
      "shape": .optional(port.extents) { extents in
        .array(
          extents.map { extent in
            switch extent {
            case .fixed(let number): .integer(number)
            case .open(let name): name.isEmpty ? .null : .string(name)
            }
          })
      },
    ])
  }

  private var json: JSON {
    let description = obstacles.description
    let missing = Dictionary(
      description.unsupported.entries.map { ($0.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })
    return .report([
      "kind": .string(obstacles.source.rawValue), "convertible": false,
      "producer": .string(description.producer), "opset": .optional(description.opset, JSON.integer),
      "inputs": .array(description.inputs.map(json)),
      "outputs": .array(description.outputs.map(json)),
      "operators": .array(
        description.operatorCounts.map { count in
          .members([
            "operator": .string(count.op), "count": .integer(count.count), "supported": .bool(missing[count.op] == nil),
          ])
        }),
      "unsupported": .array(
        description.unsupported.entries.map { entry in
          .members([
            "operator": .string(entry.qualifiedName), "count": .integer(entry.nodes.count),
            "nodes": .array(entry.nodes.map(JSON.string)),
          ])
        }),
      "obstacles": .array(
        obstacles.list.map { .members(["message": .string($0.message), "hint": .optional($0.hint, JSON.string)]) }),
    ])
  }
}
