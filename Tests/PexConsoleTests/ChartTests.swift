import PexConsole
import Testing

@Suite struct ChartTests {
  private func chart(_ series: [Chart.Series], title: String = "Title", subtitle: String = "of something") -> Chart {
    Chart(
      title: title, subtitle: subtitle, x: Chart.Axis("cost", isShare: true, origin: 0),
      y: Chart.Axis("accuracy", isShare: true), series: series)
  }

  private func outline(_ chart: Chart) throws -> XMLOutline {
    try #require(XMLOutline.of(chart.svg), "not well-formed: \(chart.svg)")
  }

  @Test func everySeriesIsDrawnAndNamed() throws {
    let found = try outline(
      chart([
        .init("curve", .line, colour: 0, points: [.init(0.2, 0.5), .init(0.5, 0.7), .init(1, 0.8)]),
        .init("exits", .circles, colour: 1, points: [.init(0.3, 0.6, label: "3"), .init(0.6, 0.7, label: "6")]),
        .init("final", .squares, colour: 2, points: [.init(1, 0.75)]),
        .init("policy", .diamonds, colour: 3, points: [.init(0.4, 0.65)]),
      ]))
    #expect(found.elements.first?.name == "svg")
    let paths = found.elements.filter { $0.name == "path" }
    #expect(paths.count == 1 && paths[0].classes == ["line", "c0"])
    #expect(paths.first?.attributes["d"]?.split(whereSeparator: "ML".contains).count == 3)
    // One mark a point, and one in the legend.
    #expect(found.elements.count { $0.name == "circle" } == 3)
    #expect(found.elements.count { $0.name == "polygon" } == 2)
    #expect(found.elements.count { $0.name == "rect" && $0.classes.contains("mark") } == 2)
    let texts = ["Title", "of something", "cost", "accuracy", "curve", "exits", "final", "policy", "3", "6", "20 %"]
    for text in texts { #expect(found.texts.contains(text), "\(text)") }
  }

  /// What is worth more stands higher, what costs more stands farther right, and everything within the picture.
  @Test func marksStandWhereTheyBelong() throws {
    let points: [Chart.Point] = [.init(0.1, 0.9), .init(0.4, 0.5), .init(0.9, 0.7)]
    let found = try outline(chart([.init(nil, .circles, colour: 0, points: points)]))
    let marks = found.elements.filter { $0.name == "circle" }
    let (x, y) = (marks.compactMap { $0.number("cx") }, marks.compactMap { $0.number("cy") })
    #expect(x.count == 3 && y.count == 3 && x == x.sorted())
    #expect(y[0] < y[2] && y[2] < y[1])
    // Places are proportional: (0.9 - 0.1) is eight thirds of (0.4 - 0.1).
    #expect(abs((x[2] - x[0]) / (x[1] - x[0]) - 8.0 / 3) < 0.01)
    let frame = try #require(found.elements.first { $0.classes == ["frame"] })
    let (left, top) = (try #require(frame.number("x")), try #require(frame.number("y")))
    let (width, height) = (try #require(frame.number("width")), try #require(frame.number("height")))
    #expect(x.allSatisfy { (left...left + width).contains($0) } && y.allSatisfy { (top...top + height).contains($0) })
  }

  @Test func namesFromAnywhereStayText() throws {
    let hostile = "</text><script>alert(\"1\")</script> & 'a' ]]> \u{1}\u{FFFE}\n<"
    let shown = "</text><script>alert(\"1\")</script> & 'a' ]]> \u{FFFD}\u{FFFD} <"
    let found = try outline(
      chart(
        [.init("<&\">'", .circles, colour: 0, points: [.init(0.5, 0.5, label: "<b>&")])], title: "a<b>&\"c",
        subtitle: hostile))
    #expect(found.texts.contains("<&\">'") && found.texts.contains("<b>&") && found.texts.contains("a<b>&\"c"))
    #expect(found.texts.contains(shown))
    #expect(!found.elements.contains { $0.name == "script" || $0.name == "b" })
  }

  @Test func longNamesAreShortened() throws {
    let long = String(repeating: "x", count: 5000)
    let found = try outline(
      chart([.init(long, .circles, colour: 0, points: [.init(0, 0, label: long)])], title: long, subtitle: long))
    #expect(found.texts.allSatisfy { $0.count <= 100 } && found.texts.count { $0.hasSuffix("…") } >= 3)
  }

  @Test(
    arguments: [
      [], [.init(.nan, 1)], [.init(0, 0)], [.init(0.5, 0.5), .init(0.5, 0.5)], [.init(1e99, -1e99), .init(0, 1)],
      [.init(1e-300, 1e-300), .init(0, 0)], [.init(.infinity, 0), .init(0.1, -.infinity), .init(1e300, 1e300)],
    ] as [[Chart.Point]]) func oddNumbersGiveAChart(points: [Chart.Point]) throws
  {
    for style in [Chart.Style.line, .dashedLine, .circles, .squares, .diamonds] {
      let found = try outline(chart([.init("s", style, colour: nil, points: points)]))
      let size = found.elements.first?.number("width") ?? 0
      let names: Set = ["x", "y", "cx", "cy", "x1", "y1", "x2", "y2"]
      for (name, text) in found.elements.flatMap(\.attributes) where names.contains(name) {
        #expect((0...size).contains(Double(text) ?? -1), "\(name)=\(text)")
      }
      let path = found.elements.first { $0.name == "path" }?.attributes["d"] ?? ""
      for text in path.split(whereSeparator: "ML ".contains) { #expect((0...size).contains(Double(text) ?? -1)) }
    }
  }

  @Test func aGapInterruptsALine() throws {
    let points: [Chart.Point] = [.init(0, 1), .init(1, 2), .init(2, .infinity), .init(3, 1), .init(4, 2)]
    let found = try outline(chart([.init(nil, .line, colour: 0, points: points)]))
    let path = try #require(found.elements.first { $0.name == "path" }?.attributes["d"])
    #expect(path.count { $0 == "M" } == 2 && path.count { $0 == "L" } == 2)
  }

  @Test func longLinesAreThinnedAndKeepTheirEnds() throws {
    func ends(_ count: Int) throws -> (first: Substring?, last: Substring?, count: Int) {
      let points = (0..<count).map { Chart.Point(Double($0) / Double(count - 1), $0 == count - 1 ? 1 : 0) }
      let found = try outline(chart([.init(nil, .line, colour: 0, points: points)]))
      let places = found.elements.first { $0.name == "path" }?.attributes["d"]?.split(whereSeparator: "ML".contains)
      return (places?.first, places?.last, places?.count ?? 0)
    }
    let (short, long) = (try ends(5), try ends(100_000))
    #expect(short.first?.trimmed == long.first?.trimmed && short.last == long.last)
    #expect(long.count == 400)
  }

  @Test func theSameChartGivesTheSameBytes() {
    let one = chart([.init("s", .circles, colour: 1, points: [.init(0.1, 0.2, label: "a")])])
    #expect(one.svg == one.svg)
    #expect(one.svg.contains("prefers-color-scheme: dark"))
    #expect(!one.svg.contains("href") && !one.svg.contains("url("))
  }

  @Test func intervalsAreUprightLines() throws {
    let points: [Chart.Point] = [
      .init(0.2, 0.5, interval: 0.4...0.7), .init(0.6, 0.9, interval: 0.85...1), .init(0.8, 0.3),
    ]
    let found = try outline(chart([.init("s", .circles, colour: 1, points: points)]))
    let lines = found.elements.filter { $0.classes == ["interval", "c1"] }
    let marks = found.elements.filter { $0.name == "circle" }
    #expect(lines.count == 2 && marks.count == 4)
    for (line, mark) in zip(lines, marks) {
      #expect(line.number("x1") == mark.number("cx") && line.number("x2") == mark.number("cx"))
      let middle = try #require(mark.number("cy"))
      #expect(line.number("y1") ?? 0 > middle && line.number("y2") ?? .infinity < middle)
    }
  }

  /// A share's axis ends at one, where its points do, and the frame with it.
  @Test func anAxisDoesNotGoBeyondItsLimit() throws {
    var limited = chart([.init(nil, .circles, colour: 0, points: [.init(0.1, 0.02), .init(0.5, 1)])])
    limited.y.limit = 1
    let found = try outline(limited)
    let frame = try #require(found.elements.first { $0.classes == ["frame"] })
    let marks = found.elements.filter { $0.name == "circle" }
    #expect(marks[1].number("cy") == frame.number("y"))
    #expect(!found.texts.contains { $0.hasPrefix("-") } && found.texts.contains("100 %"))
    // Numbers beyond the limit are shown all the same.
    limited.series[0].points.append(.init(0.6, 1.2))
    let beyond = try outline(limited)
    #expect(try #require(beyond.elements.last { $0.name == "circle" }?.number("cy")) > 0)
  }

  @Test func aNarrowChartHasItsLegendBelow() throws {
    let points = (1...8).map { Chart.Point(Double($0) / 8, 0.5 + Double($0) / 20, label: "\($0)") }
    let series = (0..<5).map { (index: Int) in
      Chart.Series("series \(index)", .circles, colour: index, points: points)
    }
    var narrow = chart(series)
    (narrow.form, narrow.showsTitle) = (.narrow, false)
    let found = try outline(narrow)
    let (width, height) = (
      try #require(found.elements.first?.number("width")), try #require(found.elements.first?.number("height"))
    )
    #expect(width <= 390 && !found.elements.contains { $0.name == "text" && $0.text == "Title" })
    let frame = try #require(found.elements.first { $0.classes == ["frame"] })
    let bottom = (frame.number("y") ?? 0) + (frame.number("height") ?? 0)
    for index in 0..<5 {
      let name = try #require(
        found.elements.first { $0.name == "text" && $0.text == "series \(index)" })
      #expect(name.number("y") ?? 0 > bottom && name.number("y") ?? .infinity < height)
    }
  }

  /// Labels of close points: none covers another, and all are there.
  @Test func labelsDoNotOverlap() throws {
    let points = (1...12).map {
      Chart.Point(0.5 + 0.012 * Double($0), 0.7 + 0.003 * Double($0 % 3), label: "exit \($0)")
    }
    let wide = Chart.Point(0.0, 0.0)
    let found = try outline(
      chart([
        .init(nil, .circles, colour: 0, points: points), .init(nil, .circles, colour: 1, points: [wide]),
      ]))
    let labels = found.elements.filter { $0.name == "text" && $0.text.hasPrefix("exit ") }
    #expect(labels.count == 12)
    for (index, one) in labels.enumerated() {
      for other in labels.dropFirst(index + 1) {
        let (dx, dy) = (
          abs((one.number("x") ?? 0) - (other.number("x") ?? 0)), abs((one.number("y") ?? 0) - (other.number("y") ?? 0))
        )
        // Six letters of 12 pixels are at least 30 pixels wide.
        #expect(dx >= 30 || dy >= 12, "\(one.text), \(other.text)")
      }
    }
  }
}

extension Substring {
  /// Without the space between two commands of a path.
  var trimmed: Substring { last == " " ? dropLast() : self }
}
