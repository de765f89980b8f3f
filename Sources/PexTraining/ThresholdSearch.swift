/// The search behind ``ThresholdChoice``: one sweep over all thresholds from the strictest down, so nothing is assumed about
/// how accuracy depends on them.
struct ThresholdSearch {
  let exits: [Predictions]
  let labels: [Int]
  let costs: ExitCosts
  let goal: PolicyGoal
  /// Which samples the most accurate single exit answers right.
  let best: [Bool]
  /// How probably each exit answers each sample otherwise than the last one; empty when the goal does not ask.
  let doubts: [[Double]]
  /// Whether exits can be closed for good. Where they cannot, a confidence that rounds to 1 is taken by any threshold.
  let closesExits: Bool

  /// What some threshold comes to.
  struct Found {
    /// The threshold; nil: no early exit is taken at all.
    let threshold: Float?
    let right: Int
    /// How many samples took each exit.
    let taken: [Int]
    let meanCost: Double
    let meetsGoal: Bool
  }

  /// A sample that takes another exit once the threshold has fallen to `confidence`.
  private struct Move {
    let confidence: Float
    let sample: Int
    let exit: Int
  }

  /// The best threshold, and which of the allowed exits are open at it.
  ///
  /// For a risk all stay open or none is: whoever closes exits by the samples that control the risk has looked at them before.
  func run(_ allowed: [Bool]) -> (open: [Bool], found: Found) {
    let found = best(open: allowed)
    guard closesExits else { return (allowed, found) }
    if case .risk = goal { return (found.threshold == nil ? none(allowed) : allowed, found) }
    guard let threshold = found.threshold else { return opening(allowed) }
    let fewer = closing(allowed, found, threshold)
    // A single doubtful sample is more than few samples allow: they would vouch for the best exit itself and nothing else,
    // which the same samples chose. What comes nearest with every exit open is no worse a guess, and costs less.
    if case .nearBest = goal, Limit.doubt(1) > PolicyGoal.near * Double(labels.count) { return fewer }
    let more = opening(allowed)
    return isBetter(more.found, than: fewer.found) ? more : fewer
  }

  /// Opens exits one after the other, the one that makes the policy best first, while it gets better. Where every head on the
  /// way costs noticeable time, one or two exits are as a rule better than all with some closed.
  private func opening(_ allowed: [Bool]) -> (open: [Bool], found: Found) {
    var (open, found) = (none(allowed), withoutExits)
    while true {
      let trials = allowed.indices.dropLast().filter { allowed[$0] && !open[$0] }.map { exit in
        let wider = open.indices.map { open[$0] || $0 == exit }
        return (open: wider, found: best(open: wider))
      }
      guard let first = trials.first else { return (open, found) }
      let next = trials.dropFirst().reduce(first) { isBetter($1.found, than: $0.found) ? $1 : $0 }
      guard isBetter(next.found, than: found) else { return (open, found) }
      (open, found) = next
    }
  }

  /// All closed but the last resort.
  private func none(_ allowed: [Bool]) -> [Bool] { allowed.indices.map { $0 == allowed.count - 1 } }

  /// Closes exits that do not pay, one after the other, the one that saves most first: without it everything costs less and
  /// no fewer samples are right. Closing exits for the sake of accuracy, too, was tried: such policies miss what
  /// was aimed at on new samples twice as often.
  private func closing(_ open: [Bool], _ found: Found, _ threshold: Float) -> (open: [Bool], found: Found) {
    var (open, found) = (open, found)
    while true {
      let fewer = open.indices.dropLast().filter { open[$0] }.map { exit in
        open.indices.map { open[$0] && $0 != exit }
      }
      let trials = fewer.map { (open: $0, found: at(threshold, open: $0)) }.filter {
        $0.found.meanCost <= found.meanCost && $0.found.right >= found.right
          && ($0.found.meetsGoal || !found.meetsGoal)
      }
      guard let better = trials.min(by: { $0.found.meanCost < $1.found.meanCost }) else { return (open, found) }
      (open, found) = better
    }
  }

  /// What a threshold comes to.
  private func at(_ threshold: Float, open: [Bool]) -> Found {
    var tally = Tally(self, open: open)
    for sample in labels.indices {
      if let exit = exits.indices.dropLast().first(where: { open[$0] && exits[$0].confidences[sample] >= threshold }) {
        tally.move(sample, to: exit)
      }
    }
    return tally.found(threshold)
  }

  /// The best threshold for some open exits; the last one is open in any case.
  private func best(open: [Bool]) -> Found {
    var tally = Tally(self, open: open)
    let moves = moves(open)
    var next = 0
    while !closesExits, next < moves.count, moves[next].confidence >= 1 {
      tally.move(moves[next].sample, to: moves[next].exit)
      next += 1
    }
    var best = closesExits ? withoutExits : tally.found(1)
    // Losses under risk control never fall again.
    if case .risk = goal, !best.meetsGoal { return best }
    while next < moves.count {
      let confidence = moves[next].confidence
      while next < moves.count, moves[next].confidence == confidence {
        tally.move(moves[next].sample, to: moves[next].exit)
        next += 1
      }
      // A confidence that rounds to 1 is taken at every threshold.
      if next < moves.count, moves[next].confidence >= 1 { continue }
      let found = tally.found(next < moves.count ? between(moves[next].confidence, confidence) : 0)
      if isBetter(found, than: best) { best = found }
    }
    return best
  }

  /// The last resort alone: the strictest policy of all, which needs no other head.
  private var withoutExits: Found { Tally(self, open: exits.map { _ in false }).found(nil) }

  /// Where each sample goes as the threshold falls, strictest first: to a shallower exit whenever one is reached that is
  /// surer than all before it.
  private func moves(_ open: [Bool]) -> [Move] {
    let early = exits.indices.dropLast().filter { open[$0] }
    var moves: [Move] = []
    for sample in labels.indices {
      var surest = -Float.infinity
      for exit in early where exits[exit].confidences[sample] > surest {
        surest = exits[exit].confidences[sample]
        moves.append(Move(confidence: surest, sample: sample, exit: exit))
      }
    }
    return moves.sorted { ($1.confidence, $0.sample) < ($0.confidence, $1.sample) }
  }

  /// Halfway between two confidences, so that rounding on another machine takes the same exits.
  private func between(_ lower: Float, _ upper: Float) -> Float {
    let middle = lower + (min(upper, 1) - lower) / 2
    return middle > lower ? middle : upper
  }

  /// Meeting the goal comes first. Of two that do, the cheaper, or for a cost the more accurate; of two that do not, the
  /// more accurate, or for a cost the cheaper.
  private func isBetter(_ one: Found, than other: Found) -> Bool {
    guard one.meetsGoal == other.meetsGoal else { return one.meetsGoal }
    return one.meetsGoal != goal.limitsCost
      ? (one.meanCost, -one.right) < (other.meanCost, -other.right)
      : (-one.right, one.meanCost) < (-other.right, other.meanCost)
  }
}

extension ThresholdSearch {
  /// What is counted while samples move from exit to exit.
  private struct Tally {
    let search: ThresholdSearch
    let costs: [Double]
    let limit: Limit
    var exit: [Int]
    var taken: [Int]
    var right = 0
    /// Samples that the best single exit answers right and the policy wrong, and the other way round.
    var (lost, gained) = (0, 0)
    /// Samples that are not answered as by the last resort, and how many of those to expect.
    var unlike = 0
    var doubt = 0.0
    /// Samples that were wrong at any threshold so far.
    var spoiled: [Bool]
    var spoiledCount = 0

    init(_ search: ThresholdSearch, open: [Bool]) {
      self.search = search
      costs = search.costs.ruling.taking(open)
      limit = Limit(search.goal, search.costs, count: search.labels.count)
      let last = search.exits.count - 1
      exit = search.labels.map { _ in last }
      taken = search.exits.map { _ in 0 }
      spoiled = search.labels.map { _ in false }
      for sample in search.labels.indices { count(sample, 1) }
    }

    mutating func move(_ sample: Int, to target: Int) {
      count(sample, -1)
      exit[sample] = target
      count(sample, 1)
    }

    private mutating func count(_ sample: Int, _ change: Int) {
      let answer = search.exits[exit[sample]].classes[sample]
      let isRight = answer == search.labels[sample]
      taken[exit[sample]] += change
      if isRight { right += change }
      if answer != search.exits[search.exits.count - 1].classes[sample] { unlike += change }
      if exit[sample] < search.doubts.count { doubt += Double(change) * search.doubts[exit[sample]][sample] }
      if isRight && !search.best[sample] { gained += change }
      if !isRight && search.best[sample] { lost += change }
      if !isRight && !spoiled[sample] {
        spoiled[sample] = true
        spoiledCount += 1
      }
    }

    func found(_ threshold: Float?) -> Found {
      let meanCost = zip(taken, costs).reduce(0) { $0 + Double($1.0) * $1.1 } / Double(max(exit.count, 1))
      return Found(
        threshold: threshold, right: right, taken: taken, meanCost: meanCost,
        meetsGoal: limit.allows(
          right: right, lost: lost, gained: gained, unlike: Double(unlike), doubt: doubt,
          early: exit.count - (taken.last ?? 0), spoiled: spoiledCount, meanCost: meanCost))
    }
  }

  /// A goal in numbers of samples.
  private enum Limit {
    case unlike(Double)
    case difference(Double)
    case right(Int)
    case cost(Double)
    case losses(Int)

    init(_ goal: PolicyGoal, _ costs: ExitCosts, count: Int) {
      switch goal {
      case .faithful(let unlike): self = .unlike(unlike * Double(count))
      case .nearBest: self = .difference(PolicyGoal.near * Double(count))
      case .accuracy(let target, let confidence):
        self = .right(fewestRight(for: target, of: count, confidence: confidence))
      case .cost(let limit): self = .cost(limit)
      // Nothing is known to be fast enough where nobody measured.
      case .latency(let limit): self = .cost(costs.fullMilliseconds.map { limit / $0 } ?? 0)
      case .risk(let risk): self = .losses(RiskControl.mostLosses(risk: risk, count: count))
      }
    }

    /// What a difference may be off by with a probability of a twentieth, when so many samples make it.
    static func doubt(_ samples: Int) -> Double { 1.64 * Double(samples).squareRoot() }

    func allows(
      right: Int, lost: Int, gained: Int, unlike: Double, doubt: Double, early: Int, spoiled: Int, meanCost: Double
    ) -> Bool {
      switch self {
      case .unlike(let most): unlike + 1 <= most + 1e-9 && doubt + 2 * doubt.squareRoot() <= most || early == 0
      case .difference(let near):
        // The difference of two paired shares, and what it may be off by with a probability of a twentieth.
        Double(lost - gained) + Self.doubt(lost + gained) <= near
      case .right(let fewest): right >= fewest
      case .cost(let limit): meanCost <= limit
      case .losses(let most): spoiled <= most
      }
    }
  }
}
