extension Chart {
  /// The chart as an SVG document: well-formed XML whatever the names are, no scripts, nothing that is loaded from
  /// elsewhere, readable on light and dark screens. The same chart gives the same bytes.
  ///
  /// Labels that find no room beside their points are left out rather than drawn over others.
  public var svg: String { ChartDrawing(self).document }
}
