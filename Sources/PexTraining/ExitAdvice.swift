/// Where exits are worth placing.
public enum ExitAdvice {
  /// What the head of one exit costs and gets right.
  public struct Point: Sendable {
    /// The share of the network's multiply-accumulates up to the exit.
    public var cost: Double
    /// The share of samples that its head gets right.
    public var accuracy: Double

    /// What the head of one exit costs and gets right.
    public init(cost: Double, accuracy: Double) {
      self.cost = cost
      self.accuracy = accuracy
    }
  }

  /// Positions of the points on the upper concave hull of accuracy against cost, from guessing at no cost to the most
  /// accurate point. At the cost of any other point, stopping at the nearest two of these in turn gets as much right: a
  /// policy that has those gains nothing by it.
  /// - Parameters:
  ///   - points: by ascending cost.
  ///   - guessing: the accuracy of a guess, 1 / classes.
  public static func worthwhile(_ points: [Point], guessing: Double) -> [Int] {
    let start = Point(cost: 0, accuracy: guessing)
    var hull: [(position: Int, point: Point)] = []
    var best = guessing
    for (position, point) in points.enumerated() where point.accuracy > best {
      best = point.accuracy
      while let last = hull.last,
        slope(hull.dropLast().last?.point ?? start, last.point) <= slope(last.point, point)
      {
        hull.removeLast()
      }
      hull.append((position, point))
    }
    return hull.map(\.position)
  }

  /// Accuracy gained for each unit of cost.
  private static func slope(_ from: Point, _ to: Point) -> Double {
    to.cost > from.cost ? (to.accuracy - from.accuracy) / (to.cost - from.cost) : .infinity
  }
}
