import PexExits
import PexGraph

/// A graph as Graphviz draws it: nodes as boxes, exit points filled.
struct GraphDrawing {
  private let graph: Graph

  init(_ graph: Graph) { self.graph = graph }

  var dot: String {
    let producers = graph.producers()
    let points = Dictionary(ExitPoint.all(in: graph).map { ($0.value, $0.number) }) { first, _ in first }
    var lines = ["digraph pex {", "  node [shape=box, fontname=\"sans-serif\"];"]
    for input in graph.inputs {
      lines.append("  v\(input.value.index) [shape=ellipse, label=\(quoted(graph[input.value].name))];")
    }
    for (index, node) in graph.nodes.enumerated() {
      let exit = node.outputs.compactMap { points[$0] }.first
      let fill = exit == nil ? "" : ", style=filled, fillcolor=\"#cfe8ff\""
      let title = exit.map { "exit \($0): " } ?? ""
      let type = node.outputs.first.map { "\(graph[$0].type)" } ?? ""
      lines.append("  n\(index) [label=\(quoted("\(title)\(node.operation.mnemonic)\n\(type)"))\(fill)];")
      for input in node.inputs where graph[input].constant == nil {
        lines.append("  \(producers[input].map { "n\($0)" } ?? "v\(input.index)") -> n\(index);")
      }
    }
    return (lines + ["}"]).joined(separator: "\n") + "\n"
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0 == "\n" ? "\\n" : String($0) }.joined() + "\""
  }
}
