import Foundation

/// Draws one chart.
struct ChartDrawing {
  private typealias Box = LabelPlacement.Box

  private static let textSize = 12.0
  private static let legendRow = 20.0
  private static let (left, right, bottom) = (66.0, 18.0, 52.0)
  /// Characters of names and titles, wide and narrow; what is longer ends in an ellipsis.
  private static let most = (
    wide: (legend: 60, title: 70, subtitle: 100), narrow: (legend: 44, title: 36, subtitle: 50)
  )

  private let chart: Chart
  private let legend: [(name: String, series: Chart.Series)]
  private let plot: Box
  private let size: (width: Double, height: Double)
  private let legendPlace: (x: Double, y: Double)
  private let across, upwards: AxisScale

  init(_ chart: Chart) {
    self.chart = chart
    let isWide = chart.form == .wide
    let most = isWide ? Self.most.wide : Self.most.narrow
    legend = chart.series.compactMap { series in series.name.map { (XMLText.shortened($0, to: most.legend), series) } }
    let rows = Double(legend.count) * Self.legendRow
    plot = Box(
      x: Self.left, y: chart.showsTitle ? 66 : 14, width: isWide ? 520 : 280, height: isWide ? max(340, rows) : 250)
    let names = legend.map { XMLText.width($0.name, size: Self.textSize) }.max()
    let right = plot.x + plot.width + Self.right
    let under = plot.y + plot.height + Self.bottom
    legendPlace = isWide ? (right, plot.y + 10) : (12, under + 8)
    size = isWide ? (right + (names.map { $0 + 52 } ?? 0), under) : (max(right, 44 + (names ?? 0)), under + rows)
    let points = chart.series.flatMap(\.points).filter(\.isDrawn)
    across = AxisScale(points.map(\.x), chart.x, most: isWide ? 8 : 5)
    let ends = points.compactMap(\.interval).flatMap { [$0.lowerBound, $0.upperBound] }
    upwards = AxisScale(points.map(\.y) + ends, chart.y, most: isWide ? 8 : 6)
  }

  var document: String {
    let (width, height) = (Self.text(size.width), Self.text(size.height))
    let labels = labels
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
        + "height=\"\(height)\" role=\"img\">",
      "<title>\(XMLText.escaped(chart.title))</title>", "<desc>\(XMLText.escaped(chart.subtitle))</desc>",
      ChartStyle.sheet, "<rect class=\"paper\" x=\"0\" y=\"0\" width=\"100%\" height=\"100%\"/>",
    ]
    lines += titles + axes
    lines += chart.series.flatMap(intervals)
    lines += chart.series.filter(\.style.isLine).compactMap(line) + labels.compactMap(\.leader)
    lines += chart.series.filter { !$0.style.isLine }.flatMap(marks) + labels.map(\.text)
    lines += legendLines + ["</svg>"]
    return lines.joined(separator: "\n") + "\n"
  }

  private var titles: [String] {
    guard chart.showsTitle else { return [] }
    let most = chart.form == .wide ? Self.most.wide : Self.most.narrow
    return [
      textLine(
        XMLText.shortened(chart.title, to: most.title), x: Self.left, y: 26, anchor: "start", style: "title"),
      textLine(
        XMLText.shortened(chart.subtitle, to: most.subtitle), x: Self.left, y: 46, anchor: "start", style: "quiet"),
    ]
  }

  private var axes: [String] {
    let (right, bottom) = (plot.x + plot.width, plot.y + plot.height)
    var lines: [String] = []
    for tick in upwards.ticks {
      let y = plot.y + plot.height * (1 - upwards.place(tick))
      lines.append(segment("grid", (plot.x, y), (right, y)))
      lines.append(textLine(upwards.text(tick), x: plot.x - 8, y: y + 4, anchor: "end"))
    }
    for tick in across.ticks {
      let x = plot.x + plot.width * across.place(tick)
      lines.append(segment("grid", (x, plot.y), (x, bottom)))
      lines.append(textLine(across.text(tick), x: x, y: bottom + 18, anchor: "middle"))
    }
    let frame = "x=\"\(Self.text(plot.x))\" y=\"\(Self.text(plot.y))\" width=\"\(Self.text(plot.width))\""
    lines.append("<rect class=\"frame\" \(frame) height=\"\(Self.text(plot.height))\"/>")
    lines.append(
      textLine(chart.x.title, x: plot.x + plot.width / 2, y: bottom + 40, anchor: "middle", style: "quiet"))
    let middle = "\(Self.text(16)) \(Self.text(plot.y + plot.height / 2))"
    lines.append(
      "<text class=\"quiet\" text-anchor=\"middle\" transform=\"translate(\(middle)) rotate(-90)\">"
        + "\(XMLText.escaped(chart.y.title))</text>")
    return lines
  }

  private func place(_ point: Chart.Point) -> (x: Double, y: Double) {
    (plot.x + plot.width * across.place(point.x), plot.y + plot.height * (1 - upwards.place(point.y)))
  }

  /// The points of a line, thinned where there are more than anybody can see.
  private func drawn(_ series: Chart.Series) -> [Chart.Point] {
    let (points, most) = (series.points, Chart.mostPoints)
    guard series.style.isLine, points.count > most else { return points }
    return (0..<most).map { points[$0 * (points.count - 1) / (most - 1)] }
  }

  private func line(_ series: Chart.Series) -> String? {
    var (path, isDown) = ("", false)
    for point in drawn(series) {
      guard point.isDrawn else {
        isDown = false
        continue
      }
      let (x, y) = place(point)
      path += "\(path.isEmpty ? "" : " ")\(isDown ? "L" : "M")\(Self.text(x)) \(Self.text(y))"
      isDown = true
    }
    return path.isEmpty ? nil : "<path class=\"\(classes(series))\" d=\"\(path)\"/>"
  }

  private func marks(_ series: Chart.Series) -> [String] {
    series.points.filter(\.isDrawn).map { point in
      let (x, y) = place(point)
      return mark(series, x, y)
    }
  }

  /// Where labels had better not stand.
  private var intervalBoxes: [Box] {
    chart.series.filter { !$0.style.isLine }.flatMap(\.points).filter(\.isDrawn).compactMap { point in
      guard let interval = point.interval else { return nil }
      let (x, low) = place(Chart.Point(point.x, interval.lowerBound))
      let high = place(Chart.Point(point.x, interval.upperBound)).y
      return Box(x: x - 1, y: high, width: 2, height: low - high)
    }
  }

  private func intervals(_ series: Chart.Series) -> [String] {
    guard !series.style.isLine else { return [] }
    return series.points.filter(\.isDrawn).compactMap { point in
      guard let interval = point.interval else { return nil }
      let (x, low) = place(Chart.Point(point.x, interval.lowerBound))
      let high = place(Chart.Point(point.x, interval.upperBound)).y
      return segment("interval \(ChartStyle.colour(series.colour))", (x, low), (x, high))
    }
  }

  private func classes(_ series: Chart.Series) -> String {
    let shape = series.style.isLine ? series.style == .dashedLine ? "line dashed" : "line" : "mark"
    return "\(shape) \(ChartStyle.colour(series.colour))"
  }

  private func mark(_ series: Chart.Series, _ x: Double, _ y: Double) -> String {
    let style = "class=\"\(classes(series))\""
    switch series.style {
    case .squares:
      return "<rect \(style) x=\"\(Self.text(x - 5))\" y=\"\(Self.text(y - 5))\" width=\"10\" height=\"10\"/>"
    case .diamonds:
      let corners = [(x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y)]
      let points = corners.map { "\(Self.text($0.0)),\(Self.text($0.1))" }.joined(separator: " ")
      return "<polygon \(style) points=\"\(points)\"/>"
    case .circles, .line, .dashedLine:
      return "<circle \(style) cx=\"\(Self.text(x))\" cy=\"\(Self.text(y))\" r=\"5\"/>"
    }
  }

  /// Labels, and the lines that tie those that stand apart to their points.
  private var labels: [(text: String, leader: String?)] {
    let marked = chart.series.filter { !$0.style.isLine }.flatMap(\.points).filter(\.isDrawn).map(place)
    let onLines = chart.series.filter(\.style.isLine).flatMap(drawn).filter(\.isDrawn).map(place)
    var placement = LabelPlacement(
      within: plot, taken: marked.map { Box(x: $0.x - 6, y: $0.y - 6, width: 12, height: 12) },
      avoided: onLines.map { Box(x: $0.x - 2, y: $0.y - 2, width: 4, height: 4) } + intervalBoxes)
    return chart.series.flatMap(\.points).filter(\.isDrawn).compactMap { point -> (text: String, leader: String?)? in
      guard let label = point.label.map({ XMLText.shortened($0, to: 24) }) else { return nil }
      let (x, y) = place(point)
      let width = XMLText.width(label, size: Self.textSize)
      guard let box = placement.place(width: width, height: 14, besideX: x, y: y) else { return nil }
      let near = (
        x: min(max(x, box.x), box.x + box.width), y: min(max(y, box.y), box.y + box.height)
      )
      let text = textLine(label, x: box.x + box.width / 2, y: box.y + 11, anchor: "middle")
      let distance = hypot(near.x - x, near.y - y)
      guard distance > 14 else { return (text, nil) }
      let share = 1 - 3 / distance
      return (text, segment("leader", (x, y), (x + share * (near.x - x), y + share * (near.y - y))))
    }
  }

  private var legendLines: [String] {
    let left = legendPlace.x
    return legend.enumerated().flatMap { index, entry in
      let y = legendPlace.y + Double(index) * Self.legendRow
      let sample =
        entry.series.style.isLine
        ? segment(classes(entry.series), (left, y), (left + 24, y)) : mark(entry.series, left + 12, y)
      return [sample, textLine(entry.name, x: left + 32, y: y + 4, anchor: "start")]
    }
  }

  private func segment(_ style: String, _ from: (x: Double, y: Double), _ to: (x: Double, y: Double)) -> String {
    let ends = "x1=\"\(Self.text(from.x))\" y1=\"\(Self.text(from.y))\" x2=\"\(Self.text(to.x))\""
    return "<line class=\"\(style)\" \(ends) y2=\"\(Self.text(to.y))\"/>"
  }

  private func textLine(_ text: String, x: Double, y: Double, anchor: String, style: String? = nil) -> String {
    let style = style.map { "class=\"\($0)\" " } ?? ""
    let place = "x=\"\(Self.text(x))\" y=\"\(Self.text(y))\" text-anchor=\"\(anchor)\""
    return "<text \(style)\(place)>\(XMLText.escaped(text))</text>"
  }

  /// A tenth of a pixel is more than anybody sees.
  private static func text(_ number: Double) -> String {
    let text = String(format: "%.1f", number)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
