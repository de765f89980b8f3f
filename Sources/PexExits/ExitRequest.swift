import PexGraph
import PexTensor

/// Where a user wants exits.
public enum ExitRequest: Hashable, Sendable {
  /// Exit points by number.
  case numbers([Int])
  /// The exit points nearest to shares of the multiply-accumulates, 0…1 each.
  case shares([Double])
  /// Exit points nearest to k/(N+1) of the multiply-accumulates.
  case automatic(Int)
  /// Exit points by number and values by name, as they come. A number that no exit point has may be a value's name.
  case names([String])
  /// Values by name alone.
  case values([String])
  /// No exits at all.
  case none

  /// What stands where nothing is asked for: as many as there are, up to this many.
  public static let standard = 3

  /// Reads `3,6,9`, `25%,50%,75%`, `auto:3`, `none`, or numbers and value names separated by commas.
  /// - Throws: ``PexError`` (usage) when a number is out of range or a name is empty.
  public init(_ text: String) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if text == "none" {
      self = .none
    } else if text.hasPrefix("auto:") {
      guard let count = Int(text.dropFirst(5)), (1...10_000).contains(count) else {
        throw PexError(.usage, "--exits \(text): expected auto:N with N of at least 1")
      }
      self = .automatic(count)
    } else if !words.contains(where: { Int($0) == nil }) {
      self = .numbers(words.compactMap { Int($0) })
    } else if words.allSatisfy({ $0.hasSuffix("%") }) {
      self = .shares(
        try words.map { word in
          guard let share = Double(word.dropLast()), (0...100).contains(share) else {
            throw PexError(.usage, "--exits \(word): expected a share between 0% and 100%")
          }
          return share / 100
        })
    } else {
      guard words.allSatisfy({ !$0.isEmpty }) else { throw PexError(.usage, "--exits \(text): an empty name") }
      self = .names(words)
    }
  }
}

extension ExitRequest {
  /// The exit points that the request means, by depth and each once.
  ///
  /// - Parameters:
  ///   - points: what ``ExitPoint/all(in:)`` found.
  ///   - graph: the graph they were found in.
  /// - Throws: ``PexError`` (usage) when more exits or others are asked for than there are; the hint lists those.
  public func resolve(_ points: [ExitPoint], in graph: Graph) throws -> [ExitPoint] {
    let total = graph.cost().multiplyAccumulates
    switch self {
    case .none: return []
    case .numbers(let numbers): return try Self.named(try distinct(numbers).map(String.init), points, graph)
    case .shares(let shares): return try Self.nearest(shares, points, total, graph)
    case .automatic(let wanted):
      // The default's own number means what the default means.
      let count = wanted <= Self.standard ? min(wanted, points.count) : wanted
      guard count > 0 else { return [] }
      return try Self.nearest((1...count).map { Double($0) / Double(count + 1) }, points, total, graph)
    case .names(let names): return try Self.named(try distinct(names), points, graph)
    case .values(let names): return try Self.named(try distinct(names), points, graph, countNumbers: false)
    }
  }

  private func distinct<Element: Hashable>(_ wanted: [Element]) throws -> [Element] {
    guard Set(wanted).count == wanted.count else { throw PexError(.usage, "an exit is named twice") }
    return wanted
  }

  private static func nearest(
    _ shares: [Double], _ points: [ExitPoint], _ total: Int, _ graph: Graph
  ) throws -> [ExitPoint] {
    guard shares.count <= points.count else {
      throw missing("\(shares.count) exits asked for, but there are \(points.count) exit points", points, graph)
    }
    var free = points
    var chosen: [ExitPoint] = []
    for share in shares.sorted() {
      func distance(_ point: ExitPoint) -> Double {
        abs(Double(point.cost.multiplyAccumulates) / Double(max(total, 1)) - share)
      }
      // `min` takes the first of equals: the shallower one.
      guard let best = free.min(by: { distance($0) < distance($1) }) else { break }
      free.removeAll { $0.number == best.number }
      chosen.append(best)
    }
    return chosen.sorted { $0.number < $1.number }
  }

  /// - Parameter countNumbers: whether the number of an exit point stands for that.
  private static func named(
    _ names: [String], _ points: [ExitPoint], _ graph: Graph, countNumbers: Bool = true
  ) throws -> [ExitPoint] {
    let needed = graph.ancestors(of: graph.answeringOutputs).values
    var result: [ExitPoint] = []
    var others: [(ValueID, Cost)] = []
    for name in names {
      let number = countNumbers ? Int(name) : nil
      if let point = points.first(where: { $0.number == number }) {
        result.append(point)
        continue
      }
      guard let id = graph.value(named: name), needed.contains(id), graph[id].constant == nil else {
        throw missing(
          number == nil
            ? "no value '\(name)' that \(graph.classifier.map { $0.kind != .none } ?? false ? "the primary output depends" : "outputs depend") on"
            : "there is no exit point \(name)",
          points, graph)
      }
      if let point = points.first(where: { $0.value == id }) {
        result.append(point)
        continue
      }
      guard graph[id].type.rank >= 2, graph[id].type.dtype.isFloat, !graph.inputs.contains(where: { $0.value == id })
      else { throw PexError(.usage, "'\(name)' is \(graph[id].type): a head needs a computed [N,C] or [N,C,spatial…]") }
      others.append((id, graph.cost(of: [id])))
    }
    guard Set(result.map(\.number)).count == result.count else { throw PexError(.usage, "an exit is named twice") }
    others.sort { ($0.1.multiplyAccumulates, $0.0.index) < ($1.1.multiplyAccumulates, $1.0.index) }
    for (offset, other) in others.enumerated() {
      result.append(
        ExitPoint(number: points.count + 1 + offset, value: other.0, type: graph[other.0].type, cost: other.1))
    }
    return result.sorted { ($0.cost.multiplyAccumulates, $0.number) < ($1.cost.multiplyAccumulates, $1.number) }
  }

  private static func missing(_ message: String, _ points: [ExitPoint], _ graph: Graph) -> PexError {
    let list = points.map { "\($0.number) (\(graph[$0.value].name))" }.joined(separator: ", ")
    return PexError(.usage, message, hint: points.isEmpty ? "this model has no exit points" : "exit points: \(list)")
  }
}
