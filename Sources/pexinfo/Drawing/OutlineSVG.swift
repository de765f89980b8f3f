import Foundation
import PexConsole
import PexGraph

/// A network from above to below: a box a block with a line a step, repeats drawn once, heads beside their taps.
struct OutlineSVG {
  private static let (left, width, row, header) = (64.0, 640.0, 20.0, 24.0)
  private static let heads = (x: 790.0, width: 256.0, line: 16.0)
  /// Where columns begin or end within a box.
  private static let columns = (kernel: 300.0, shape: 420.0, work: 580.0, bar: 588.0, barWidth: 44.0)

  private let outline: NetworkOutline
  private var lines: [String] = []
  private var y = 84.0
  /// Below the last head.
  private var headEnd = 0.0
  private let mostWork: Double

  init(_ outline: NetworkOutline) {
    self.outline = outline
    mostWork = Double(max(outline.blocks.flatMap(\.rows).map(\.multiplyAccumulates).max() ?? 1, 1))
  }

  /// The drawing as a document, inert and well-formed as charts are.
  /// - Parameter title: what is drawn.
  func document(title: String) -> String {
    var drawing = self
    drawing.draw()
    let total = Format.count(outline.multiplyAccumulates)
    let kernels = outline.instructionSet.map { ", kernels for \($0)" } ?? ", no kernels planned"
    let height = Self.text(max(drawing.y + 34, drawing.headEnd + 16))
    let right = outline.heads.isEmpty ? Self.left + Self.width + 48 : Self.heads.x + Self.heads.width
    let width = Self.text(right + 20)
    let front = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
        + "height=\"\(height)\" role=\"img\">",
      "<title>\(XMLText.escaped(title))</title>", ChartStyle.sheet,
      "<rect class=\"paper\" x=\"0\" y=\"0\" width=\"100%\" height=\"100%\"/>",
      Self.label(XMLText.shortened(title, to: 90), Self.left, 28, style: "title"),
      Self.label("\(total) multiply-accumulates a sample\(kernels)", Self.left, 48, style: "quiet"),
    ]
    return (front + drawing.lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  private mutating func draw() {
    end(outline.graph.inputs.map { "\(outline.graph[$0.value].name): \(outline.graph[$0.value].type)" })
    for fold in BlockFolding.folds(outline.blocks) where fold.all.contains(where: { !outline.blocks[$0].rows.isEmpty })
    {
      let top = y
      for block in fold.blocks { self.block(block, of: fold) }
      if fold.repeats > 1 { bracket(from: top + 12, to: y, times: fold.repeats) }
      heads(outline.heads(behind: fold), from: top + 12, tap: y)
    }
    arrow()
    y += 10
    end(outline.graph.outputs.map { "\(outline.graph[$0].name): \(outline.graph[$0].type)" })
  }

  /// What goes in or comes out.
  private mutating func end(_ names: [String]) {
    for name in names {
      lines.append(Self.label(XMLText.shortened(name, to: 80), Self.left + 10, y + 4))
      y += Self.row
    }
    y -= 12
  }

  private mutating func arrow() {
    let x = Self.left + 18
    lines.append(Self.line("leader", x, y, x, y + 12))
    lines.append(Self.line("leader", x - 4, y + 7, x, y + 12))
    lines.append(Self.line("leader", x + 4, y + 7, x, y + 12))
    y += 12
  }

  private mutating func block(_ number: Int, of fold: BlockFolding.Fold) {
    let block = outline.blocks[number]
    guard !block.rows.isEmpty else { return }
    arrow()
    let height = Self.header + Double(block.rows.count) * Self.row + 4
    lines.append(Self.box("frame", Self.left, y, Self.width, height))
    let share = Format.percent(outline.share(block.multiplyAccumulates)) + (fold.repeats > 1 ? " each" : "")
    lines.append(Self.label(outline.title(fold, block: number), Self.left + 10, y + 17, style: "quiet"))
    lines.append(Self.label(share, Self.left + Self.columns.work, y + 17, anchor: "end", style: "quiet"))
    let top = y + Self.header
    var lanes = 0
    for (index, row) in block.rows.enumerated() {
      self.row(row, at: top + Double(index) * Self.row, block: number)
      for source in row.sources { skip(source, to: index, top: top, &lanes) }
    }
    y += height
  }

  private mutating func row(_ row: NetworkOutline.Row, at y: Double, block: Int) {
    let (x, columns) = (Self.left, Self.columns)
    let words = XMLText.shortened(row.words + outline.note(row, block: block), to: 44)
    lines.append(Self.label(words, x + 10, y + 14))
    lines.append(Self.label(row.kernel ?? "", x + columns.kernel, y + 14, style: "quiet"))
    lines.append(Self.label(outline.shape(row), x + columns.shape, y + 14, style: "quiet"))
    guard row.multiplyAccumulates > 0 else { return }
    lines.append(Self.label(Format.count(row.multiplyAccumulates), x + columns.work, y + 14, anchor: "end"))
    let width = max(1, columns.barWidth * Double(row.multiplyAccumulates) / mostWork)
    lines.append(Self.box("right", x + columns.bar, y + 6, width, 9))
  }

  /// A value that passes rows by: a line at the left, from behind its own row, or the block's beginning, to its reader.
  private mutating func skip(_ source: NetworkOutline.Source, to row: Int, top: Double, _ lanes: inout Int) {
    let from: Double
    switch source {
    case .row(let distance) where distance > 1: from = top + (Double(row - distance) + 0.5) * Self.row
    case .block(1) where row > 0: from = top - Self.header
    case .input where row > 0: from = top - Self.header
    case .row, .block, .inside, .input: return
    }
    let (to, x) = (top + (Double(row) + 0.5) * Self.row, Self.left - 9 - 7 * Double(lanes % 6))
    let path = "M\(Self.text(Self.left)) \(Self.text(from)) H\(Self.text(x)) V\(Self.text(to)) H\(Self.text(Self.left))"
    lines.append("<path class=\"line ct\" d=\"\(path)\"/>")
    lines.append(Self.line("line ct", Self.left - 5, to - 3, Self.left, to))
    lines.append(Self.line("line ct", Self.left - 5, to + 3, Self.left, to))
    lanes += 1
  }

  private mutating func bracket(from top: Double, to bottom: Double, times: Int) {
    let x = Self.left + Self.width + 6
    let path = "M\(Self.text(x)) \(Self.text(top)) h6 V\(Self.text(bottom)) h-6"
    lines.append("<path class=\"line c1\" d=\"\(path)\"/>")
    lines.append(Self.label("× \(times)", x + 10, (top + bottom) / 2 + 5, style: "title"))
  }

  /// Heads in a column, each tied to the tap.
  private mutating func heads(_ places: [NetworkOutline.HeadPlace], from top: Double, tap: Double) {
    let (x, width, line) = Self.heads
    for place in places {
      let words = outline.words(place)
      let start = max(headEnd + 8, top)
      let height = Double(words.count) * line + 10
      lines.append(Self.box("frame", x, start, width, height))
      for (index, text) in words.enumerated() {
        let text = XMLText.shortened(text, to: 38)
        lines.append(
          Self.label(text, x + 8, start + 17 + Double(index) * line, style: index == 0 ? nil : "quiet"))
      }
      let (middle, end) = (start + height / 2, Self.left + Self.width)
      let turn = x - 14
      let path =
        "M\(Self.text(end)) \(Self.text(tap - 3)) H\(Self.text(turn)) V\(Self.text(middle)) H\(Self.text(x))"
      lines.append("<path class=\"line dashed c0\" d=\"\(path)\"/>")
      headEnd = start + height
    }
  }

  private static func box(_ style: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double) -> String {
    "<rect class=\"\(style)\" x=\"\(text(x))\" y=\"\(text(y))\" width=\"\(text(width))\" height=\"\(text(height))\"/>"
  }

  private static func line(_ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
    "<line class=\"\(style)\" x1=\"\(text(x1))\" y1=\"\(text(y1))\" x2=\"\(text(x2))\" y2=\"\(text(y2))\"/>"
  }

  private static func label(
    _ words: String, _ x: Double, _ y: Double, anchor: String = "start", style: String? = nil
  ) -> String {
    let style = style.map { "class=\"\($0)\" " } ?? ""
    return "<text \(style)x=\"\(text(x))\" y=\"\(text(y))\" text-anchor=\"\(anchor)\">\(XMLText.escaped(words))</text>"
  }

  private static func text(_ number: Double) -> String {
    let text = String(format: "%.1f", number)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
