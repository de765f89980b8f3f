/// How charts look: one sheet of styles for light and dark viewers. A viewer that knows no media queries shows the light
/// one, background included.
package enum ChartStyle {
  private static let light = [
    "#0067b1", "#c8500a", "#00805a", "#8a3ffc", "#b5007d", "#7a6000", "#0f8a9d", "#c2263a", "#5a6b7b", "#4b8b0b",
  ]
  private static let dark = [
    "#5ab4ff", "#ff9a57", "#3fd0a0", "#c19bff", "#ff7cc8", "#e0c04a", "#52d5e8", "#ff8080", "#a9b8c6", "#9bdb4d",
  ]

  /// The element that says what the classes of ``ChartDrawing`` look like.
  package static let sheet = """
    <style>
    text { font-family: system-ui, sans-serif; font-size: 12px; fill: #1b1f24; }
    .title { font-size: 16px; font-weight: 600; }
    .quiet { fill: #57606a; }
    .paper { fill: #ffffff; }
    .grid { stroke: #d8dee4; stroke-width: 1; }
    .frame { stroke: #8c959f; stroke-width: 1; fill: none; }
    .leader { stroke: #8c959f; stroke-width: 1; }
    .interval { stroke-width: 1; opacity: 0.7; }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .dashed { stroke-dasharray: 5 4; stroke-width: 1.5; }
    .mark { stroke: #ffffff; stroke-width: 1; }
    .right { fill: #0067b1; }
    .wrong { fill: #c8500a; }
    .inside { fill: #ffffff; }
    \(rules(light, text: "#57606a"))
    @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9ea7b1; }
    .paper { fill: #0d1117; }
    .grid { stroke: #2b323b; }
    .frame, .leader { stroke: #6e7781; }
    .mark { stroke: #0d1117; }
    .right { fill: #5ab4ff; }
    .wrong { fill: #ff9a57; }
    .inside { fill: #0d1117; }
    \(rules(dark, text: "#9ea7b1"))
    }
    </style>
    """

  /// The class of a series' colour.
  static func colour(_ number: Int?) -> String {
    number.map { "c\((($0 % Chart.colours) + Chart.colours) % Chart.colours)" } ?? "ct"
  }

  private static func rules(_ colours: [String], text: String) -> String {
    (colours.enumerated().map { ("c\($0)", $1) } + [("ct", text)]).map { name, colour in
      ".line.\(name), .interval.\(name) { stroke: \(colour); } .mark.\(name) { fill: \(colour); }"
    }.joined(separator: "\n")
  }
}
