import PexExits
import PexGraph
import PexTensor

/// Where heads can stand in a graph, and where they shall.
struct Places {
  /// The graph's own exit points.
  let points: [ExitPoint]
  /// Those of a request, by depth.
  let chosen: [ExitPoint]

  /// - Throws: ``PexError`` (usage) when an exit does not exist.
  init(_ request: ExitRequest?, in graph: Graph) throws {
    points = ExitPoint.all(in: graph)
    chosen = try ExitPlacement.chosen(request, points, in: graph)
  }

  /// Points besides the graph's own, which are there because they were asked for by name; by number.
  var named: [ExitPoint] { chosen.filter { $0.number > points.count }.sorted { $0.number < $1.number } }
}
