import PexBundle
import PexGraph
import PexHeads
import PexTensor

/// Runs a model, one sample at a time. Owns the memory of the feature maps; used by one thread at a time, while the
/// model may be shared by many sessions.
public final class Session {
  /// The model.
  public let model: Model
  /// Where the heads are taken from when a run begins; other threads may put others there.
  public let slot: HeadSlot
  /// The heads. Setting others takes effect with the next run and does not touch the trunk.
  public var heads: HeadSet {
    get { slot.heads }
    set { slot.heads = newValue }
  }
  /// Whether answers come with the pooled features of the first tap on their way; see ``Answer/features``.
  public var keepsFeatures = false
  let executor: Executor
  private let pool: ThreadPool
  let reader: TapReader
  private let clock = ContinuousClock()

  /// A session with its own threads.
  ///
  /// - Parameters:
  ///   - model: what is run.
  ///   - heads: the heads; the bundle's base heads when nil.
  ///   - threads: 1 or more.
  /// - Throws: ``PexError`` (usage) for a number of threads that is out of range, (unsupported) when there is no memory,
  ///   (malformed) when a base head is damaged.
  public convenience init(
    _ model: Model, heads: HeadSet? = nil, threads: Int = ThreadPool.defaultThreads
  ) throws {
    try self.init(model, slot: HeadSlot(try heads ?? HeadSet(base: model.bundle)), threads: threads)
  }

  /// A session that takes its heads from a slot, which other sessions may share.
  /// - Throws: ``PexError`` as ``init(_:heads:threads:)``.
  public init(_ model: Model, slot: HeadSlot, threads: Int = ThreadPool.defaultThreads) throws {
    self.model = model
    self.slot = slot
    self.threads = threads
    pool = try ThreadPool(threads: threads)
    executor = try Executor(weights: model.weights, pool: pool)
    reader = TapReader(model, executor, pool: pool)
  }

  /// How many threads compute.
  public let threads: Int

  /// Whether every step's time is taken; see ``timings``.
  public var profiles: Bool {
    get { executor.profiles }
    set { executor.profiles = newValue }
  }

  /// The steps of the last run with their times, while ``profiles`` is on.
  public var timings: [StepTiming] { executor.timings }

  /// Computes one sample as far as its exits ask for. Nothing behind the exit that is taken runs, is packed or read.
  ///
  /// - Parameters:
  ///   - inputs: one float32 tensor an input, NCHW, with a batch of 1.
  ///   - choice: which exits are taken.
  ///   - deadline: milliseconds after which an answer must be there: the last enabled exit that is finished answers, or
  ///     the first one when none is. The stored policy is not asked then.
  ///   - reject: an answer whose probability is below this is marked as none of the classes. No policy is content with
  ///     such an answer, so the last resort decides. Nil: every answer stands.
  /// - Throws: ``PexError``: (malformed) when an input does not fit or weights are damaged, (notFinite) when the input
  ///   holds numbers that are not finite or an exit computes some, (usage) when there is no head at the exit that was
  ///   asked for.
  public func run(
    _ inputs: [Tensor], _ choice: ExitChoice = .stored, deadline: Double? = nil, reject: Float? = nil
  ) throws -> Answer {
    let started = clock.now
    try load(inputs)
    var route = Route(session: self, heads: slot.heads, started: started)
    let heads = route.heads
    switch choice {
    case .final: try route.finish()
    case .fixed(let exit):
      guard let entry = heads[exit] else { throw noHead(at: exit) }
      try route.prepare([entry])
      guard entry.answers else {
        try route.finish(isLastResort: true)
        break
      }
      route.answer.exit = .exit(exit)
      _ = try route.visit(entry)
    case .all:
      let entries = heads.entries.filter(\.answers)
      try route.prepare(entries)
      for entry in entries { _ = try route.visit(entry) }
      try route.finish()
    case .stored:
      try follow(deadline == nil ? heads.policy : nil, deadline, reject, &route)
    case .policy(let policy):
      try follow(policy, deadline, reject, &route)
    }
    if let reject, let answer = route.answer.answering { route.answer.isRejected = answer.confidence < reject }
    route.answer.nanoseconds = started.duration(to: clock.now).nanoseconds
    return route.answer
  }

  /// Computes taps of one sample, for training: the numbers that heads at those exit points read.
  ///
  /// - Parameters:
  ///   - inputs: as in ``run(_:_:deadline:reject:)``.
  ///   - exits: numbers of exit points.
  ///   - toTheEnd: whether the rest of the trunk runs as well.
  ///   - visit: called by depth with an exit point's number and what is there, valid within the call.
  /// - Returns: the classifier's logits when the trunk ran to its end and has a classifier.
  /// - Throws: ``PexError`` as ``run(_:_:deadline:reject:)``; whatever `visit` throws.
  @discardableResult
  public func taps(
    _ inputs: [Tensor], at exits: [Int], toTheEnd: Bool = false,
    _ visit: (Int, SessionTap) throws -> Void
  ) throws -> [Float]? {
    try load(inputs)
    let wanted = try exits.map { (exit: $0, segment: try model.segment(of: $0)) }.sorted { $0.segment < $1.segment }
    for (exit, segment) in wanted {
      try executor.run(through: segment)
      try visit(exit, SessionTap(session: self, exit: exit, value: model.points[segment].value))
    }
    guard toTheEnd, let classifier = model.bundle.graph.classifier, classifier.kind != .none else { return nil }
    try executor.run(through: model.plan.segmentCount - 1)
    return try executor.value(classifier.logits).floats
  }

  func load(_ inputs: [Tensor]) throws {
    reader.begin()
    try executor.load(inputs: inputs, finite: true)
  }

  /// Goes from exit to exit until the policy is content or the time is over.
  private func follow(
    _ policy: PolicyRecord?, _ deadline: Double?, _ reject: Float?, _ route: inout Route
  ) throws {
    let heads = route.heads
    guard policy != nil || deadline != nil else {
      // Without a policy the last resort answers.
      if heads.replacesFinal, let last = heads.lastResort.exit.flatMap({ heads[$0] }) {
        route.answer.exit = .exit(last.exit)
        try route.prepare([last])
        _ = try route.visit(last)
      } else {
        try route.prepare(heads.partOfFinal.map { [$0] } ?? [])
        try route.finish(isLastResort: true)
      }
      return
    }
    var state = policy.map(PolicyState.init)
    let enabled = heads.entries.filter { $0.isEnabled && $0.answers }
    try route.prepare(enabled + (heads.partOfFinal.map { [$0] } ?? []))
    for entry in enabled {
      guard !route.wouldMiss(deadline, at: .exit(entry.exit)) else { return }
      let logits = try route.visit(entry)
      guard route.accept(.exit(entry.exit), deadline) else { return }
      let isContent = state?.isContent(exit: entry.exit, probabilities: logits.probabilities) ?? false
      if isContent && logits.confidence >= reject ?? 0 { return }
      if heads.replacesFinal && entry.exit == heads.lastResort.exit { return }
    }
    guard !route.wouldMiss(deadline, at: .final) else { return }
    try route.finish(deadline, isLastResort: true)
  }

  /// One sample on its way through the trunk.
  struct Route {
    let session: Session
    /// The same to the end, whatever is put into the slot meanwhile.
    let heads: HeadSet
    let started: ContinuousClock.Instant
    var answer = Answer(
      exit: .final, classes: nil, computed: [], outputs: [], nanoseconds: 0, macsFraction: 0, missedDeadline: false)
    private var prefix = 0.0
    private var headMACs = 0
    private var hasAnswer = false
    /// What a head says that has a part in the last resort, once it is there.
    private var part: [Float]?
    /// Segments with taps that a head behind them reads, by depth, those passed already left out.
    private var stops: [Stop] = []

    /// A tap that is read on the way, and the branch that a head reads there.
    private struct Stop {
      let segment: Int
      let exit: Int
      let branch: BranchPlan?
    }

    init(session: Session, heads: HeadSet, started: ContinuousClock.Instant) {
      self.session = session
      self.heads = heads
      self.started = started
    }

    private var milliseconds: Double { Double(started.duration(to: session.clock.now).nanoseconds) / 1e6 }

    /// Notes what has to be kept on the way to some heads.
    mutating func prepare(_ entries: [HeadSet.Entry]) throws {
      let taps = Set(entries.flatMap { $0.head.specification.earlier.map(\.exit) })
      stops = try taps.map { exit in
        let readers = entries.filter { $0.exit != exit }
        return Stop(
          segment: try session.model.segment(of: exit), exit: exit,
          branch: readers.lazy.compactMap { $0.convolutions[exit] }.first)
      }.sorted { $0.segment < $1.segment }
    }

    /// Runs the trunk up to a segment, and reads the taps on the way that heads behind them want.
    mutating func pass(through target: Int) throws {
      while let stop = stops.first, stop.segment <= target {
        try session.executor.run(through: stop.segment)
        _ = try session.reader.pooled(stop.exit)
        if let branch = stop.branch { _ = try session.reader.features(of: branch, at: stop.exit) }
        stops.removeFirst()
      }
      try session.executor.run(through: target)
    }

    /// Runs the trunk up to a head and the head, and takes down what it answers.
    mutating func visit(_ entry: HeadSet.Entry) throws -> ExitLogits {
      let logits = try logits(of: entry)
      let probabilities = heads.probabilities(logits, temperature: entry.head.temperature)
      let computed = ExitLogits(exit: .exit(entry.exit), logits: logits, probabilities: probabilities)
      answer.computed.append(computed)
      answer.classes = heads.classes
      return computed
    }

    /// Runs the trunk up to a head that has a part in the last resort, and keeps what it says of it.
    mutating func visitPart(_ entry: HeadSet.Entry) throws {
      guard part == nil else { return }
      part = try logits(of: entry)
    }

    /// Runs the trunk up to a head and the head.
    private mutating func logits(of entry: HeadSet.Entry) throws -> [Float] {
      try pass(through: try session.model.segment(of: entry.exit))
      let logits = try session.reader.logits(entry.readout, at: entry.exit)
      try requireFinite(logits, .exit(entry.exit))
      if session.keepsFeatures, answer.features == nil {
        answer.features = (entry.exit, Array(try session.reader.pooled(entry.exit)))
      }
      headMACs += entry.readout.multiplyAccumulates
      prefix = max(prefix, session.model.prefixShare(.exit(entry.exit)))
      measure()
      return logits
    }

    /// Runs the rest of the trunk and takes the final classifier's answer, unless the deadline has passed meanwhile.
    /// - Parameter isLastResort: whether the classifier stands in for heads, whose classes it then answers with.
    mutating func finish(_ deadline: Double? = nil, isLastResort: Bool = false) throws {
      let (executor, graph) = (session.executor, session.model.bundle.graph)
      let isLimited = isLastResort && heads.finalPlaces != nil
      if isLastResort, let entry = heads.partOfFinal { try visitPart(entry) }
      try executor.run(through: session.model.plan.segmentCount - 1)
      prefix = 1
      measure()
      answer.outputs = try graph.outputs.map { (graph[$0].name, try executor.value($0)) }
      if let classifier = graph.classifier, classifier.kind != .none {
        let all = try executor.value(classifier.logits).floats
        try requireFinite(all, .final)
        let logits = isLimited ? heads.lastResortLogits(final: all, head: part) : all
        let probabilities = isLimited ? heads.probabilities(logits) : softmax(logits)
        answer.computed.append(ExitLogits(exit: .final, logits: logits, probabilities: probabilities))
      }
      guard accept(.final, deadline) else { return }
      answer.classes = isLimited ? heads.classes : session.model.bundle.contents.classNames
    }

    /// Takes an exit's answer unless it came too late and there is an earlier one.
    /// - Returns: whether there is time to go on.
    mutating func accept(_ exit: ExitName, _ deadline: Double?) -> Bool {
      let isLate = deadline.map { milliseconds > $0 } ?? false
      guard !isLate || !hasAnswer else { return false }
      answer.exit = exit
      answer.missedDeadline = isLate
      hasAnswer = true
      return !isLate
    }

    /// Whether the way to an exit would take longer than is left, at the speed of the way so far. Never before there is
    /// an answer.
    func wouldMiss(_ deadline: Double?, at exit: ExitName) -> Bool {
      guard let deadline, hasAnswer, prefix > 0 else { return false }
      return milliseconds / prefix * session.model.prefixShare(exit) > deadline
    }

    /// Numbers that overflowed on the way are no answer: neither a policy nor a user could tell.
    private func requireFinite(_ logits: [Float], _ exit: ExitName) throws {
      guard logits.allSatisfy(\.isFinite) else {
        throw PexError(
          .notFinite, "exit \(exit) computed numbers that are not finite (NaN or infinity)",
          hint: "the input's numbers may be too large: check the preprocessing")
      }
    }

    private mutating func measure() {
      let heads = headMACs + session.reader.multiplyAccumulates
      answer.macsFraction = prefix + Double(heads) / Double(max(session.model.cost.multiplyAccumulates, 1))
    }
  }

  /// A tap on the way of ``taps(_:at:toTheEnd:_:)``.
  public struct SessionTap {
    fileprivate let session: Session
    fileprivate let exit: Int
    fileprivate let value: ValueID

    /// Calls `body` with the tap's numbers `[C, spatial…]`, which are valid within the call.
    /// - Throws: whatever `body` throws.
    public func withNumbers<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
      try session.executor.withValue(value, body)
    }

    /// Average and then maximum of every channel.
    public func pooled() throws -> [Float] { Array(try session.reader.pooled(exit)) }

    /// The same of what a branch computes of the tap.
    public func features(of branch: BranchPlan) throws -> [Float] {
      Array(try session.reader.features(of: branch, at: exit))
    }
  }

  /// Checks early that the exits which a choice names have heads.
  /// - Throws: ``PexError`` (usage) listing the exits that do.
  public func validate(_ choice: ExitChoice) throws {
    switch choice {
    case .fixed(let exit): if heads[exit] == nil { throw noHead(at: exit) }
    case .policy(let policy):
      if let missing = policy.thresholds.first(where: { heads[$0.exit] == nil }) { throw noHead(at: missing.exit) }
    case .stored, .final, .all: break
    }
  }

  private func noHead(at exit: Int) -> PexError {
    let list = heads.entries.map { String($0.exit) }.joined(separator: ", ")
    return PexError(
      .usage, "there is no head at exit \(exit)", hint: list.isEmpty ? "this bundle has no heads" : "exits: \(list)")
  }
}
