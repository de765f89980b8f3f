import PexConsole
import PexGraph
import PexRuntime

/// What a bundle is, in a few lines.
struct Description {
  private let session: Session

  init(_ session: Session) { self.session = session }

  func print(_ console: Console) throws {
    let model = session.model
    let graph = model.bundle.graph
    for input in graph.inputs {
      let type = input.layout.arrayType(graph[input.value].type)
      try console.result("input \(graph[input.value].name): \(type)\(input.layout == .channelsLast ? " nhwc" : "")")
    }
    for (output, axis) in zip(graph.outputs, graph.batchAxes) {
      let kind = graph.classifier?.output == output ? ", \(graph.classifier?.kind.rawValue ?? "")" : ""
      let place = axis == 0 ? "" : ", the batch on axis \(axis) in the source"
      try console.result("output \(graph[output].name): \(graph[output].type)\(kind)\(place)")
    }
    let heads = session.heads.entries.map { "\($0.exit)" + ($0.isTrained ? "" : " (untrained)") }
    try console.result(
      "\(Format.count(model.cost.multiplyAccumulates)) MACs, \(Format.count(model.cost.parameters)) parameters, "
        + "\(model.points.count) exit points, heads at \(heads.isEmpty ? "none" : heads.joined(separator: ", "))")
  }
}
