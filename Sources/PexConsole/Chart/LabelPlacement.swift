/// Finds room for labels beside their points, so that none covers another or a mark.
package struct LabelPlacement {
  /// An upright rectangle, in pixels from the upper left.
  package struct Box: Hashable, Sendable {
    package var x, y, width, height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
      (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    package func overlaps(_ other: Box) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    func contains(_ other: Box) -> Bool {
      x <= other.x && y <= other.y && other.x + other.width <= x + width && other.y + other.height <= y + height
    }
  }

  /// Distances between a point and its label that are tried, nearest first.
  private static let distances: [Double] = [9, 16, 26, 38, 52, 70, 90, 112, 136]
  /// Directions that are tried, best first: beside, above, below, askew.
  private static let directions: [(x: Double, y: Double)] = [
    (1, 0), (-1, 0), (0, -1), (0, 1), (0.7, -0.7), (-0.7, -0.7), (0.7, 0.7), (-0.7, 0.7),
  ]

  private let bounds: Box
  private var taken: [Box]
  private let avoided: [Box]

  /// - Parameters:
  ///   - bounds: what labels stay within.
  ///   - taken: what labels never cover.
  ///   - avoided: what labels cover only where there is no other room.
  package init(within bounds: Box, taken: [Box], avoided: [Box]) {
    (self.bounds, self.taken, self.avoided) = (bounds, taken, avoided)
  }

  /// Takes the nearest room for a label of that size; nil: there is none.
  package mutating func place(width: Double, height: Double, besideX x: Double, y: Double) -> Box? {
    let candidates = Self.distances.flatMap { distance in
      Self.directions.map { direction in
        Box(
          x: x + direction.x * (distance + width / 2) - width / 2,
          y: y + direction.y * (distance + height / 2) - height / 2, width: width, height: height)
      }
    }
    let free = candidates.filter { box in bounds.contains(box) && !taken.contains { $0.overlaps(box) } }
    guard let box = free.first(where: { box in !avoided.contains { $0.overlaps(box) } }) ?? free.first else {
      return nil
    }
    taken.append(box)
    return box
  }
}
