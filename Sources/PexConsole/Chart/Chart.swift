/// A chart of points and lines over two axes with numbers, drawn as SVG; see ``svg``.
public struct Chart: Sendable {
  /// What a series of points looks like.
  public enum Style: Sendable {
    /// Lines from point to point.
    case line, dashedLine
    /// A mark at every point.
    case circles, squares, diamonds

    var isLine: Bool { self == .line || self == .dashedLine }
  }

  /// A point, where it belongs on the axes.
  public struct Point: Hashable, Sendable {
    /// Its place; points with a number that is not finite, or beyond 1e100, are left out, and interrupt lines.
    public var x, y: Double
    /// What stands beside it; nil: nothing.
    public var label: String?
    /// What a thin upright line through it spans; nil: there is none. Finite where the place is.
    public var interval: ClosedRange<Double>?

    /// A point.
    public init(_ x: Double, _ y: Double, label: String? = nil, interval: ClosedRange<Double>? = nil) {
      (self.x, self.y, self.label, self.interval) = (x, y, label, interval)
    }

    var isDrawn: Bool { abs(x) < 1e100 && abs(y) < 1e100 }
  }

  /// Points that belong together.
  public struct Series: Sendable {
    /// What the legend calls it; nil: it is not in the legend.
    public var name: String?
    /// What it looks like.
    public var style: Style
    /// Series of the same number have the same colour, which repeats after ``colours``; nil: that of text.
    public var colour: Int?
    /// The points, in the order in which lines join them. None: the series stands in the legend alone.
    public var points: [Point]

    /// A series.
    public init(_ name: String?, _ style: Style, colour: Int?, points: [Point]) {
      (self.name, self.style, self.colour, self.points) = (name, style, colour, points)
    }
  }

  /// What an axis shows.
  public struct Axis: Sendable {
    /// What its numbers are, with their unit.
    public var title: String
    /// Whether numbers are shares and shown as percents.
    public var isShare: Bool
    /// A number that the axis reaches to, whatever the points are; nil: only as far as they do.
    public var origin: Double?
    /// A number above 0 that the axis does not go beyond, nor below 0, unless points do; nil: there is room on both sides.
    public var limit: Double?

    /// An axis.
    public init(_ title: String, isShare: Bool = false, origin: Double? = nil, limit: Double? = nil) {
      (self.title, self.isShare, self.origin, self.limit) = (title, isShare, origin, limit)
    }
  }

  /// How many colours there are.
  public static let colours = 10
  /// The most points of a line that are drawn; longer ones are thinned evenly.
  static let mostPoints = 400

  /// How much room there is.
  public enum Form: Sendable {
    /// The legend at the side, as on a page or a screen.
    case wide
    /// The legend below, and everything as narrow as a telephone.
    case narrow
  }

  /// What the chart shows.
  public var title: String
  /// Of what.
  public var subtitle: String
  /// Across and upwards.
  public var x, y: Axis
  /// What is drawn, later ones above earlier ones.
  public var series: [Series]
  /// How much room there is.
  public var form = Form.wide
  /// Whether title and subtitle are drawn; else they are for readers of the file alone.
  public var showsTitle = true

  /// A chart.
  public init(title: String, subtitle: String, x: Axis, y: Axis, series: [Series]) {
    (self.title, self.subtitle, self.x, self.y, self.series) = (title, subtitle, x, y, series)
  }
}
