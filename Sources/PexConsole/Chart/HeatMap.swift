import Foundation

/// Counts of pairs of classes as shaded cells, drawn as SVG: rows are shaded by their own shares.
public struct HeatMap: Sendable {
  /// What the map shows.
  public var title: String
  /// Of what.
  public var subtitle: String
  /// What rows and columns are.
  public var rowTitle, columnTitle: String
  /// Names of the classes, of columns from the left.
  public var names: [String]
  /// The classes of rows from above, each as its place in ``names``: those that occur.
  public var rows: [Int]
  /// As many rows, with as many counts as names each; none below 0.
  public var counts: [[Int]]
  /// Whether title and subtitle are drawn.
  public var showsTitle = true

  /// A map.
  public init(
    title: String, subtitle: String, rowTitle: String, columnTitle: String, names: [String], rows: [Int],
    counts: [[Int]]
  ) {
    (self.title, self.subtitle) = (title, subtitle)
    (self.rowTitle, self.columnTitle) = (rowTitle, columnTitle)
    let known = zip(rows, counts).filter { names.indices.contains($0.0) }
    (self.names, self.rows, self.counts) = (names, known.map(\.0), known.map(\.1))
  }

  private static let textSize = 12.0

  /// Names with room for so many characters.
  private var shown: [String] { names.map { XMLText.shortened($0, to: 22) } }

  /// Where the cells are.
  private struct Layout {
    let left, top, cell, width, height: Double
  }

  private var layout: Layout {
    let cell = names.count <= 12 ? 36.0 : 22
    func width(_ words: String) -> Double { XMLText.width(words, size: Self.textSize) }
    // Names of columns stand askew, and the word for them in front.
    let (across, upwards) = (rows.map { width(shown[$0]) }.max() ?? 0, shown.map(width).max() ?? 0)
    return Layout(
      left: max(across, width(columnTitle)) + 34, top: (showsTitle ? 62 : 10) + upwards * 0.71 + 26, cell: cell,
      width: Double(names.count) * cell, height: Double(rows.count) * cell)
  }

  /// The map as an SVG document, as ``Chart/svg`` is one: inert, well-formed, the same bytes every time.
  public var svg: String {
    let layout = layout
    let subtitle = XMLText.shortened(subtitle, to: 100)
    let words = showsTitle ? 32 + XMLText.width(subtitle, size: Self.textSize) : 0
    let askew = (shown.map { XMLText.width($0, size: Self.textSize) }.max() ?? 0) * 0.71
    let (width, height) = (
      text(max(layout.left + layout.width + max(askew, 14) + 12, words)), text(layout.top + layout.height + 12)
    )
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
        + "height=\"\(height)\" role=\"img\">",
      "<title>\(XMLText.escaped(title))</title>", "<desc>\(XMLText.escaped(subtitle))</desc>", ChartStyle.sheet,
      "<rect class=\"paper\" x=\"0\" y=\"0\" width=\"100%\" height=\"100%\"/>",
    ]
    if showsTitle {
      lines.append(label(XMLText.shortened(title, to: 40), 16, 26, style: "title"))
      lines.append(label(subtitle, 16, 46, style: "quiet"))
    }
    lines += axes(layout) + zip(rows.indices, counts).flatMap { row($1, at: $0, layout) }
    let place = "x=\"\(text(layout.left))\" y=\"\(text(layout.top))\""
    lines.append(
      "<rect class=\"frame\" \(place) width=\"\(text(layout.width))\" height=\"\(text(layout.height))\"/>")
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  private func axes(_ layout: Layout) -> [String] {
    let (left, top, cell) = (layout.left, layout.top, layout.cell)
    let names = rows.enumerated().map { index, row in
      label(shown[row], left - 6, top + (Double(index) + 0.5) * cell + 4, anchor: "end")
    }
    let columns = shown.enumerated().map { index, name in
      let place = "\(text(left + (Double(index) + 0.5) * cell + 4)) \(text(top - 6))"
      return "<text transform=\"translate(\(place)) rotate(-45)\">\(XMLText.escaped(name))</text>"
    }
    let title = "translate(14 \(text(top + layout.height / 2))) rotate(-90)"
    return names + columns + [
      "<text class=\"quiet\" text-anchor=\"middle\" transform=\"\(title)\">\(XMLText.escaped(rowTitle))</text>",
      label(columnTitle, left - 6, top - 8, anchor: "end", style: "quiet"),
    ]
  }

  private func row(_ counts: [Int], at row: Int, _ layout: Layout) -> [String] {
    let total = Double(max(counts.reduce(0, +), 1))
    let (y, cell) = (layout.top + Double(row) * layout.cell, layout.cell)
    return counts.enumerated().filter { $0.element > 0 }.flatMap { column, count in
      let (share, x) = (Double(count) / total, layout.left + Double(column) * cell)
      let colour = rows[row] == column ? "right" : "wrong"
      let square =
        "<rect class=\"\(colour)\" x=\"\(text(x))\" y=\"\(text(y))\" width=\"\(text(cell))\" height=\"\(text(cell))\" "
        + "fill-opacity=\"\(String(format: "%.2f", 0.08 + 0.82 * share))\"/>"
      let number = String(count)
      guard XMLText.width(number, size: Self.textSize) <= cell + 2 else { return [square] }
      return [
        square,
        label(number, x + cell / 2, y + cell / 2 + 4, anchor: "middle", style: share > 0.5 ? "inside" : nil),
      ]
    }
  }

  private func label(
    _ words: String, _ x: Double, _ y: Double, anchor: String = "start", style: String? = nil
  ) -> String {
    let style = style.map { "class=\"\($0)\" " } ?? ""
    return "<text \(style)x=\"\(text(x))\" y=\"\(text(y))\" text-anchor=\"\(anchor)\">\(XMLText.escaped(words))</text>"
  }

  private func text(_ number: Double) -> String { String(format: "%.1f", number) }
}
