import PexBundle
import PexRuntime
import PexTensor

/// Times the ways through the network that some heads offer, each by runs that go this way and no other.
///
/// What a way takes hardly depends on the picture, so some samples are timed and all are answered.
struct RouteTimer {
  /// A way through the network.
  enum Route: Hashable {
    /// To one exit, whose head alone is computed.
    case exit(ExitName)
    /// Along the exits that policies may take, to this one.
    case stop(Int)
    /// Along all of them, to the last resort.
    case lastResort
  }

  private let heads: HeadSet
  private let routes: [Route]
  /// Whether the last resort is the final classifier with nothing in front of it: the same way, run once.
  private let endsAlike: Bool
  private(set) var times: [Route: RunTimes] = [:]
  /// Whether more times would tell no more: of heads that are no subject themselves.
  var hasEnough: Bool { times[.lastResort]?.count ?? 0 >= 100 }

  init(_ heads: HeadSet, exits: [ExitName]) {
    self.heads = heads
    let stops = heads.entries.filter { $0.isEnabled && $0.answers }.map { Route.stop($0.exit) }
    endsAlike = stops.isEmpty && exits.contains(.final) && heads.lastResort == .classifierAlone
    routes = exits.map(Route.exit) + stops + (endsAlike ? [] : [.lastResort])
  }

  /// Runs a sample along every way.
  /// - Returns: the milliseconds of each.
  mutating func run(_ inputs: [Tensor], _ session: Session) throws -> [Route: Double] {
    let own = session.heads
    session.heads = heads
    defer { session.heads = own }
    // The first run along a way finds things out that the others know.
    if times.isEmpty { for route in routes { _ = try session.run(inputs, choice(route)) } }
    var found: [Route: Double] = [:]
    for route in routes {
      let answer = try session.run(inputs, choice(route))
      let milliseconds = Double(answer.nanoseconds) / 1e6
      times[route, default: RunTimes()].add(milliseconds: milliseconds, fraction: answer.macsFraction)
      found[route] = milliseconds
    }
    if endsAlike {
      found[.lastResort] = found[.exit(.final)]
      times[.lastResort] = times[.exit(.final)]
    }
    return found
  }

  private func choice(_ route: Route) -> ExitChoice {
    // Nothing is ever surer than certain, and everything is at least as sure as not at all.
    let never = Float.infinity
    switch route {
    case .exit(.exit(let number)): return .fixed(number)
    case .exit(.final): return .final
    case .stop(let exit):
      return .policy(PolicyRecord(.confidence, never, thresholds: [.init(exit: exit, threshold: 0)]))
    case .lastResort: return .policy(PolicyRecord(.confidence, never))
    }
  }
}
