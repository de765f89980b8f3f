import PexHeads
import PexTensor

/// What the parts of a network's ways take on this machine, in milliseconds: the trunk up to each exit point, pooling its tap,
/// the branches that heads read there, and heads' fully connected layers.
///
/// A part is measured once and then kept, rounded to three digits, so that whoever keeps the profile chooses by the same
/// numbers again.
public struct TimeProfile: Hashable, Sendable, Codable {
  /// Milliseconds by part.
  private var milliseconds: [String: Double] = [:]

  /// Nothing is measured yet.
  public init() {}

  /// Whether all numbers can be times, a trunk's more than none; those of a file may not be.
  public var isSound: Bool {
    milliseconds.allSatisfy { part, time in
      (0...Self.mostMilliseconds).contains(time) && (time > 0 || !part.hasPrefix(Part.trunkPrefix))
    }
  }

  /// A day: nothing that anybody waits for takes longer.
  private static let mostMilliseconds = 86_400_000.0

  /// The trunk up to an exit point, without its head, or the whole trunk.
  /// - Throws: ``PexError`` (defect) when it was not measured.
  public func trunk(_ exit: ExitName) throws -> Double { try self[Part.trunk(exit)] }

  /// A head's fully connected layer.
  /// - Throws: ``PexError`` (defect) when it was not measured.
  public func readout(_ head: HeadSpecification) throws -> Double { try self[Part.readout(head)] }

  /// What a head reads, by the exit whose tap it is: pooling, and the branch or its own convolutions.
  /// - Throws: ``PexError`` (defect) when some of it was not measured.
  public func taps(_ head: HeadSpecification, at exit: Int) throws -> [Int: Double] {
    var times: [Int: Double] = [:]
    for part in Part.taps(head, at: exit) { times[part.exit, default: 0] += try self[part.part] }
    return times
  }

  private subscript(_ part: Part) -> Double {
    get throws {
      guard let time = milliseconds[part.name] else { throw PexError(.defect, "nobody measured \(part.name)") }
      return time
    }
  }

  private func knows(_ part: Part) -> Bool { milliseconds[part.name] != nil }

  private mutating func set(_ part: Part, _ time: Double) { milliseconds[part.name] = Self.rounded(time) }

  /// Three digits: more would be noise. What takes less than the clock can tell takes a nanosecond.
  private static func rounded(_ time: Double) -> Double {
    guard time > 1e-6 else { return 1e-6 }
    var scale = 1.0
    while time * scale < 100 { scale *= 10 }
    while time * scale >= 1000 { scale /= 10 }
    return (time * scale).rounded() / scale
  }

  /// A part by the name that it is kept under.
  private struct Part: Hashable {
    let name: String

    static let trunkPrefix = "trunk "

    static func trunk(_ exit: ExitName) -> Part { Part(name: trunkPrefix + "\(exit)") }

    /// Layers of the same size take the same.
    static func readout(_ head: HeadSpecification) -> Part {
      Part(name: "readout \(head.featureCount)x\(head.classes)")
    }

    static func pooling(_ exit: Int) -> Part { Part(name: "pooling \(exit)") }

    static func branch(_ branch: BranchSpecification, at exit: Int) -> Part {
      let layers = branch.layers.map { "\($0.kind.rawValue) \($0.channels) \($0.stride)" }.joined(separator: ", ")
      return Part(name: "branch \(exit): \(layers)")
    }

    /// Everything that a head reads, in the order in which it is computed.
    static func taps(_ head: HeadSpecification, at exit: Int) -> [(part: Part, exit: Int)] {
      var parts: [(part: Part, exit: Int)] = []
      for tap in head.earlier {
        parts.append((pooling(tap.exit), tap.exit))
        if let branch = tap.branch { parts.append((.branch(branch, at: tap.exit), tap.exit)) }
      }
      if head.kind != .conv { parts.append((pooling(exit), exit)) }
      if let own = head.convolutions { parts.append((branch(own, at: exit), exit)) }
      return parts
    }
  }
}

extension TimeProfile {
  /// Passes of one measurement at least and at most, and the seconds after which it has enough.
  private static let passes = (fewest: 5, most: 60, seconds: 0.4)

  /// Measures what is not known yet of some heads' ways: the shortest of several passes over made-up numbers, each of which goes
  /// through the whole trunk and computes every head on its way.
  ///
  /// - Parameters:
  ///   - heads: with the exits at which they stand.
  ///   - threads: those that compute.
  /// - Throws: ``PexError`` as ``Session/run(_:_:deadline:reject:)``.
  public mutating func measure(_ heads: [(exit: Int, head: Head)], on model: Model, threads: Int) throws {
    let ways = try Ways(heads, in: model)
    guard !ways.parts.allSatisfy(knows) else { return }
    let session = try Session(model, threads: threads)
    let sample = try model.syntheticSample()
    // The first pass also packs weights and finds its memory.
    _ = try ways.pass(sample, session)
    var shortest: [Part: Double] = [:]
    let started = ContinuousClock.now
    for pass in 0..<Self.passes.most {
      if pass >= Self.passes.fewest, Double(started.duration(to: .now).nanoseconds) / 1e9 > Self.passes.seconds {
        break
      }
      shortest.merge(try ways.pass(sample, session), uniquingKeysWith: min)
    }
    for (part, time) in try ways.sums(shortest) where !knows(part) { set(part, time) }
  }

  /// The ways of some heads through a trunk, stop by stop.
  private struct Ways {
    /// What is computed at an exit point, in this order.
    private struct Stop {
      let exit: Int
      let segment: Int
      var pools = false
      var branches: [(part: Part, plan: BranchPlan)] = []
      var readouts: [(part: Part, readout: HeadReadout)] = []
    }

    private let stops: [Stop]

    init(_ heads: [(exit: Int, head: Head)], in model: Model) throws {
      var stops: [Int: Stop] = [:]
      func stop(at exit: Int) throws -> Stop {
        try stops[exit] ?? Stop(exit: exit, segment: try model.segment(of: exit))
      }
      var plans: [Part: BranchPlan] = [:]
      for (exit, head) in heads {
        let specification = head.specification
        var convolutions: [Int: BranchPlan] = [:]
        func add(_ branch: Branch, at place: Int) throws {
          let part = Part.branch(branch.specification, at: place)
          let plan = plans[part] ?? BranchPlan(branch)
          (convolutions[place], stops[place]) = (plan, try stop(at: place))
          if plans.updateValue(plan, forKey: part) == nil { stops[place]?.branches.append((part, plan)) }
        }
        for ((place, _), branch) in zip(specification.branchExits(at: exit), head.branches) {
          try add(branch, at: place)
        }
        if convolutions.isEmpty, let own = try head.convolutions() { try add(own, at: exit) }
        for place in specification.earlier.map(\.exit) + (specification.kind == .conv ? [] : [exit]) {
          stops[place] = try stop(at: place)
          stops[place]?.pools = true
        }
        let part = Part.readout(specification)
        stops[exit] = try stop(at: exit)
        guard !stops.values.contains(where: { $0.readouts.contains { $0.part == part } }) else { continue }
        stops[exit]?.readouts.append((part, try HeadReadout(head, at: exit, convolutions)))
      }
      self.stops = stops.values.sorted { $0.segment < $1.segment }
    }

    /// Everything that is measured.
    var parts: [Part] {
      stops.flatMap { stop in
        [.trunk(.exit(stop.exit))] + (stop.pools ? [.pooling(stop.exit)] : []) + stop.branches.map(\.part)
          + stop.readouts.map(\.part)
      } + [.trunk(.final)]
    }

    /// Milliseconds of every part in one pass, of the trunk since the stop before.
    func pass(_ sample: [Tensor], _ session: Session) throws -> [Part: Double] {
      var times: [Part: Double] = [:]
      let clock = ContinuousClock()
      var last = clock.now
      func take(_ part: Part) {
        let now = clock.now
        times[part] = Double(last.duration(to: now).nanoseconds) / 1e6
        last = now
      }
      try session.load(sample)
      for stop in stops {
        try session.executor.run(through: stop.segment)
        take(.trunk(.exit(stop.exit)))
        if stop.pools {
          _ = try session.reader.pooled(stop.exit)
          take(.pooling(stop.exit))
        }
        for (part, plan) in stop.branches {
          _ = try session.reader.features(of: plan, at: stop.exit)
          take(part)
        }
        for (part, readout) in stop.readouts {
          _ = try session.reader.logits(readout, at: stop.exit)
          take(part)
        }
      }
      try session.executor.run(through: session.model.plan.segmentCount - 1)
      take(.trunk(.final))
      return times
    }

    /// The same with the trunk's times from its beginning.
    func sums(_ times: [Part: Double]) throws -> [Part: Double] {
      var (times, sum) = (times, 0.0)
      for part in stops.map({ Part.trunk(.exit($0.exit)) }) + [.trunk(.final)] {
        sum += times[part] ?? 0
        times[part] = sum
      }
      return times
    }
  }
}
