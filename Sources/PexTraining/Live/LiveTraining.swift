import Dispatch
import Foundation
import PexBundle
import PexHeads
import PexRuntime
import PexTensor
import Synchronization

/// A person's heads inside an app: samples come one at a time, training runs in the background, and sessions take the
/// new heads with their next run.
///
/// ```swift
/// let live = try LiveTraining(model)
/// let session = try Session(model, slot: live.slot)       // answers with the newest heads
/// let sample = try await live.add(inputs, label: 3)       // the trunk runs once
/// try live.relabel(sample, 5)                             // and never again
/// let outcome = try await live.train(within: .seconds(2))
/// try outcome.file.write(to: "person.pexhead")
/// ```
///
/// Any thread may call anything. The work is done on threads of its own, so that Swift's cooperative threads are never
/// blocked. Only features are kept of a sample; in memory, up to a budget.
public final class LiveTraining: Sendable {
  /// A sample that was added.
  public struct SampleID: Hashable, Sendable {
    fileprivate let number: Int
  }

  /// What a training came to.
  public struct Outcome: Sendable {
    /// The heads with their figures.
    public let result: PersonalTraining.Result
    /// The heads as a file.
    public let file: HeadFile
    /// Whether they were accepted and are in ``LiveTraining/slot`` now.
    public let isInUse: Bool
  }

  /// Decides whether newly trained heads take the place of those in use; `current` is nil while these are the ones that the app
  /// began with. Among the new heads an exit's head in use stays where the one trained for it is worse (see
  /// ``HeadSuccession``), unless it learned from a sample that was removed or relabelled since. The default, ``acceptsProgress(_:_:)``, accepts what holds any other head.
  public typealias Acceptance = @Sendable (_ new: PersonalTraining.Result, _ current: HeadFile?) throws -> Bool

  /// Refuses a training that replaced no head, because every one in use is at least as good.
  public static let acceptsProgress: Acceptance = { new, _ in
    new.heads.contains { head in !new.successions.contains { $0.exit == head.report.exit && $0.keepsEarlier } }
  }

  /// Where the heads in use are: give it to sessions.
  public let slot: HeadSlot
  private let model: Model
  private let request: PersonalTraining.Request
  private let columns: [TapColumn]
  private let threads: Int
  private let producer: String
  private let accepts: Acceptance
  private let state = Mutex(State())
  /// The session that computes features.
  private let session: Mutex<Session>
  private let passes = DispatchQueue(label: "pex.live.features")
  private let trainings = DispatchQueue(label: "pex.live.training", qos: .utility)

  private struct Sample {
    let id: SampleID
    var label: Int?
    /// One row a column.
    let rows: [[Float]]
  }

  private struct State {
    /// In the order in which they were added.
    var samples: [Sample] = []
    /// Room that was taken for samples that are on their way.
    var coming = 0
    var added = 0
    var running: [Int: Cancellation] = [:]
    var started = 0
    var current: HeadFile?
    /// How often a sample was removed or got another label.
    var corrections = 0
    /// How many of these the heads in use know of.
    var correctionsInUse = 0
  }

  /// A person without samples.
  /// - Parameters:
  ///   - model: the model that sessions run.
  ///   - request: how heads are trained; of its storage only the memory counts, of which training takes as much again.
  ///   - heads: the heads in use at first; the bundle's base heads when nil.
  ///   - threads: for features and for training, each.
  ///   - producer: what head files say who wrote them.
  ///   - accepts: see ``Acceptance``.
  /// - Throws: ``PexError`` as ``Session/init(_:heads:threads:)`` and ``HeadPlan/all(_:exits:kind:classes:numbers:earlier:)``.
  public init(
    _ model: Model, _ request: PersonalTraining.Request = PersonalTraining.Request(), heads: HeadSet? = nil,
    threads: Int = ThreadPool.defaultThreads, producer: String = "",
    accepts: @escaping Acceptance = LiveTraining.acceptsProgress
  ) throws {
    slot = HeadSlot(try heads ?? HeadSet(base: model.bundle))
    let session = try Session(model, slot: slot, threads: threads)
    columns = try PersonalTraining(session, request).columns(request.supervision)
    self.session = Mutex(try Session(model, slot: slot, threads: threads))
    (self.model, self.request, self.threads) = (model, request, threads)
    (self.producer, self.accepts) = (producer, accepts)
  }

  /// How many samples there are.
  public var count: Int { state.withLock { $0.samples.count } }

  /// The heads that the last accepted training gave; nil before.
  public var current: HeadFile? { state.withLock { $0.current } }

  /// Adds a sample: the trunk runs once, and what heads read is kept.
  /// - Parameters:
  ///   - inputs: as in `Session.run`.
  ///   - label: the number of its class among the model's, or nil.
  /// - Throws: ``PexError``: (usage) before anything is computed when memory would be exceeded; as
  ///   ``Session/taps(_:at:toTheEnd:_:)``.
  public func add(_ inputs: [Tensor], label: Int? = nil) async throws -> SampleID {
    try check(label)
    try state.withLock { state in
      try FeatureBudget.check(columns, samples: state.samples.count + state.coming + 1, allowed: request.storage.memory)
      state.coming += 1
    }
    defer { state.withLock { $0.coming -= 1 } }
    let rows = try await Self.run(on: passes) { [self] in
      try session.withLock { try FeaturePass.rows(columns, of: inputs, $0, name: "the sample") }
    }
    return state.withLock { state in
      state.added += 1
      let id = SampleID(number: state.added)
      state.samples.append(Sample(id: id, label: label, rows: rows))
      return id
    }
  }

  /// Forgets a sample. Heads that learned from it stay until the next training.
  /// - Throws: ``PexError`` (usage) when there is no such sample.
  public func remove(_ id: SampleID) throws {
    try state.withLock { state in
      state.samples.remove(at: try Self.place(of: id, in: state))
      state.corrections += 1
    }
  }

  /// Gives a sample another label, or none, from the next training on.
  /// - Throws: ``PexError`` (usage) when there is no such sample, (malformed) when the label is negative.
  public func relabel(_ id: SampleID, _ label: Int?) throws {
    try check(label)
    try state.withLock { state in
      state.samples[try Self.place(of: id, in: state)].label = label
      state.corrections += 1
    }
  }

  /// Trains heads on the samples that there are now. Trainings run one after the other.
  ///
  /// Without a budget, samples that were added one by one give the same heads as ``PersonalTraining`` gives for all, where
  /// no head in use stays.
  /// - Parameter budget: the time it may take; the best heads so far count then, which are others at every time.
  /// - Returns: the heads; those that are accepted are in ``slot`` when this returns.
  /// - Throws: as ``PersonalTraining/run(_:limits:progress:)`` and ``Acceptance``; `CancellationError` after ``cancel()``
  ///   or when the task is cancelled. The heads in use then stay.
  public func train(within budget: Duration? = nil) async throws -> Outcome {
    let cancellation = Cancellation()
    let (number, samples, corrections) = state.withLock { state in
      state.started += 1
      state.running[state.started] = cancellation
      return (state.started, state.samples, state.corrections)
    }
    defer { state.withLock { _ = $0.running.removeValue(forKey: number) } }
    let limits = TrainingLimits(cancellation: cancellation, deadline: budget.map { ContinuousClock.now + $0 })
    return try await withTaskCancellationHandler {
      try await Self.run(on: trainings) { [self] in try train(samples, corrections, limits) }
    } onCancel: {
      cancellation.cancel()
    }
  }

  /// Ends every training that has begun or waits. The heads in use stay.
  public func cancel() {
    state.withLock { state in
      for cancellation in state.running.values { cancellation.cancel() }
    }
  }

  /// Watches whether inputs still look like the samples that there are now: for the features of ``Answer/features``, which
  /// are those of the shallowest head in use. Nil when there are too few samples, or no such head's features are kept.
  /// - Throws: ``PexError`` as ``DriftMonitor/init(reference:exit:window:level:seed:)``.
  public func driftMonitor(window: Int = 32, level: Double = 0.01, seed: UInt64 = 0) throws -> DriftMonitor? {
    let samples = state.withLock { $0.samples }
    let shallowest = slot.heads.entries.first(where: \.isEnabled)?.exit ?? columns.first?.exit
    guard samples.count >= DriftMonitor.fewestReferences, let exit = shallowest,
      let index = columns.firstIndex(where: { $0.exit == exit && $0.content != .branch })
    else { return nil }
    let column = columns[index]
    let reference = samples.map { sample in
      column.content == .map
        ? sample.rows[index].withUnsafeBufferPointer { pooledFeatures($0, channels: column.channels) }
        : sample.rows[index]
    }
    return try DriftMonitor(reference: reference, exit: exit, window: window, level: level, seed: seed)
  }

  /// - Parameter corrections: how many of them the samples know of.
  private func train(_ samples: [Sample], _ corrections: Int, _ limits: TrainingLimits) throws -> Outcome {
    try limits.check()
    // Heads that learned from what was taken back are not held on to.
    let current = state.withLock { $0.correctionsInUse == corrections } ? slot.heads : nil
    let session = try Session(model, slot: slot, threads: threads)
    var cache = try TapCache(model, columns, rows: samples.map(\.rows))
    let copies = try cache.leaveOutCopies(labels: samples.map(\.label), limits)
    var result = try PersonalTraining(session, request).train(
      cache, labels: cache.kept.map { samples[$0].label }, started: ContinuousClock.now, limits, against: current)
    result.copies = copies
    let file = try result.headFile(for: model.bundle.contents, producer: producer)
    let heads = try HeadSet(file, on: model.bundle)
    let isAccepted = try accepts(result, self.current)
    try limits.check()
    if isAccepted {
      state.withLock { state in
        (state.current, state.correctionsInUse) = (file, corrections)
      }
      slot.heads = heads
    }
    return Outcome(result: result, file: file, isInUse: isAccepted)
  }

  private func check(_ label: Int?) throws {
    guard label ?? 0 >= 0 else { throw PexError(.malformed, "a sample's label is negative") }
  }

  private static func place(of id: SampleID, in state: State) throws -> Int {
    guard let place = state.samples.firstIndex(where: { $0.id == id }) else {
      throw PexError(.usage, "there is no such sample; it may have been removed")
    }
    return place
  }

  /// Runs `body` on a queue's thread, for which the caller's task waits without a thread.
  private static func run<Value: Sendable>(
    on queue: DispatchQueue, _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Result { try body() }) }
    }
  }
}
