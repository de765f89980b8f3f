import PexConsole
import PexGraph

/// A network for Graphviz: a cluster a block, repeats drawn once.
struct OutlineDOT {
  let outline: NetworkOutline

  var text: String {
    var lines = [
      "digraph pex {", "  node [shape=box, fontname=\"sans-serif\"];", "  graph [fontname=\"sans-serif\"];",
      "  input [shape=ellipse, label=\(quoted(inputs))];",
    ]
    var previous = "input"
    for fold in BlockFolding.folds(outline.blocks) {
      for block in fold.blocks { previous = self.block(block, of: fold, behind: previous, &lines) }
      for head in outline.heads(behind: fold) {
        let label = quoted(outline.words(head).joined(separator: "\n"))
        lines.append("  head\(head.exit) [shape=component, style=filled, fillcolor=\"#ffe3cc\", label=\(label)];")
        lines.append("  \(previous) -> head\(head.exit) [style=dashed];")
      }
    }
    lines.append("  output [shape=ellipse, label=\(quoted(outputs))];")
    return (lines + ["  \(previous) -> output;", "}"]).joined(separator: "\n") + "\n"
  }

  private var inputs: String { outline.graph.inputs.map { outline.graph[$0.value].name }.joined(separator: "\n") }
  private var outputs: String { outline.graph.outputs.map { outline.graph[$0].name }.joined(separator: "\n") }

  /// Adds a block.
  /// - Returns: its last node, or what is in front where it has none.
  private func block(
    _ number: Int, of fold: BlockFolding.Fold, behind previous: String, _ lines: inout [String]
  ) -> String {
    let rows = outline.blocks[number].rows
    guard !rows.isEmpty else { return previous }
    let times = fold.repeats == 1 ? "" : ", \(fold.repeats) times"
    lines.append("  subgraph cluster\(number) {")
    lines.append("    label=\(quoted(outline.title(fold, block: number) + times));")
    for (index, row) in rows.enumerated() {
      let work = row.multiplyAccumulates > 0 ? "\n\(Format.count(row.multiplyAccumulates)) MACs" : ""
      let kernel = row.kernel.map { "\n\($0)" } ?? ""
      let label = "\(row.words)\(outline.note(row, block: number))\(kernel)\n\(outline.shape(row))\(work)"
      let isTap = index == rows.count - 1 && outline.exits.indices.contains(number)
      let fill = isTap ? ", style=filled, fillcolor=\"#cfe8ff\"" : ""
      lines.append("    b\(number)r\(index) [label=\(quoted(label))\(fill)];")
    }
    lines.append("  }")
    for (index, row) in rows.enumerated() {
      for source in row.sources {
        let from: String? =
          switch source {
          case .row(let distance): "b\(number)r\(index - distance)"
          case .block(1): previous
          case .input: "input"
          case .block, .inside: nil
          }
        if let from { lines.append("  \(from) -> b\(number)r\(index);") }
      }
    }
    return "b\(number)r\(rows.count - 1)"
  }

  private func quoted(_ text: String) -> String {
    "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0.isNewline ? "\\n" : String($0) }.joined() + "\""
  }
}
