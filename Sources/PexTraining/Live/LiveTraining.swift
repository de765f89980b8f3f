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
/// try live.addClass("my mug")                             // beside the model's classes
/// let sample = try await live.add(inputs, of: "my mug")   // the trunk runs once
/// try live.relabel(sample, as: "cup")                     // and never again
/// let outcome = try await live.train(within: .seconds(2)) { print("\(Int(100 * $0)) %") }
/// try outcome.file.write(to: "person.pexhead")
/// try live.save(to: "person.pexlive")                     // the next launch restores it
/// ```
///
/// Any thread may call anything. The work is done on threads of its own, so that Swift's cooperative threads are never
/// blocked. Only features are kept of a sample; in memory, up to a budget.
public final class LiveTraining: Sendable {
  /// A sample that was added. It is the same in every launch that restores the samples.
  public struct SampleID: Hashable, Sendable, Codable {
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
  private let state: Mutex<State>
  /// The session that computes features.
  private let session: Mutex<Session>
  private let passes = DispatchQueue(label: "pex.live.features")
  private let trainings = DispatchQueue(label: "pex.live.training", qos: .utility)

  private struct Sample {
    let id: SampleID
    var className: String?
    /// One row a column.
    let rows: [[Float]]
  }

  private struct State {
    var classes: LiveClasses
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
  ///   - request: how heads are trained; of its storage only the memory counts, of which training takes as much again. Class
  ///     names behind the model's are classes of the person's own.
  ///   - heads: the heads in use at first, whose classes beside the model's become the person's own; the bundle's base heads
  ///     when nil.
  ///   - threads: for features and for training, each.
  ///   - producer: what head files say who wrote them.
  ///   - accepts: see ``Acceptance``.
  /// - Throws: ``PexError`` as ``Session/init(_:heads:threads:)`` and ``HeadPlan/all(_:exits:kind:classes:numbers:earlier:)``.
  public init(
    _ model: Model, _ request: PersonalTraining.Request = PersonalTraining.Request(), heads: HeadSet? = nil,
    threads: Int = ThreadPool.defaultThreads, producer: String = "",
    accepts: @escaping Acceptance = LiveTraining.acceptsProgress
  ) throws {
    var classes = LiveClasses(known: model.bundle.contents.classNames ?? [])
    for name in request.classNames + (heads?.classes ?? []) where !classes.all.contains(name) { try classes.add(name) }
    state = Mutex(State(classes: classes))
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

  /// The classes that samples may have, by the numbers of labels: the model's, and behind them the person's own.
  public var classes: [String] { state.withLock { $0.classes.all } }

  /// The samples and their classes, in the order in which they were added.
  public var samples: [(id: SampleID, className: String?)] {
    state.withLock { state in state.samples.map { ($0.id, $0.className) } }
  }

  /// Adds a class of the person's own. Heads know it once they were trained with samples of it; with
  /// `HeadKind.prototype` one is enough.
  /// - Throws: ``PexError`` (usage) when it has no name, or there is such a class already, differing in case at most.
  public func addClass(_ name: String) throws { try state.withLock { try $0.classes.add(name) } }

  /// Forgets a class and its samples. A class of the model's stays one that samples may have.
  /// - Throws: ``PexError`` (usage) when there is no such class.
  public func removeClass(_ name: String) throws {
    try state.withLock { state in
      let name = try state.classes.checked(name)
      state.classes.remove(name)
      state.samples.removeAll { $0.className == name }
      state.corrections += 1
    }
  }

  /// Gives a class of the person's own another name, from the next training on.
  /// - Throws: ``PexError`` (usage) when `name` is no such class, or there is one of the new name.
  public func renameClass(_ name: String, to new: String) throws {
    try state.withLock { state in
      let name = try state.classes.checked(name)
      try state.classes.rename(name, to: new)
      for index in state.samples.indices where state.samples[index].className == name {
        state.samples[index].className = new
      }
      state.corrections += 1
    }
  }

  /// Adds a sample: the trunk runs once, and what heads read is kept.
  /// - Parameters:
  ///   - inputs: as in `Session.run`.
  ///   - label: the number of its class among ``classes``, or nil.
  /// - Throws: ``PexError``: (usage) before anything is computed when there is no such class or memory would be exceeded; as
  ///   ``Session/taps(_:at:toTheEnd:_:)``.
  public func add(_ inputs: [Tensor], label: Int? = nil) async throws -> SampleID {
    try await add(inputs, className: try state.withLock { state in try label.map { try state.classes.name($0) } })
  }

  /// Adds a sample of a class by its name.
  /// - Throws: ``PexError`` as ``add(_:label:)``.
  public func add(_ inputs: [Tensor], of className: String) async throws -> SampleID {
    try await add(inputs, className: try state.withLock { try $0.classes.checked(className) })
  }

  private func add(_ inputs: [Tensor], className: String?) async throws -> SampleID {
    try state.withLock { state in
      try FeatureBudget.check(columns, samples: state.samples.count + state.coming + 1, allowed: request.storage.memory)
      state.coming += 1
    }
    defer { state.withLock { $0.coming -= 1 } }
    let rows = try await Self.run(on: passes) { [self] in
      try session.withLock { try FeaturePass.rows(columns, of: inputs, $0, name: "the sample") }
    }
    return try state.withLock { state in
      // The class may have gone meanwhile.
      let className = try className.map { try state.classes.checked($0) }
      state.added += 1
      let id = SampleID(number: state.added)
      state.samples.append(Sample(id: id, className: className, rows: rows))
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
  /// - Throws: ``PexError`` (usage) when there is no such sample or class.
  public func relabel(_ id: SampleID, _ label: Int?) throws {
    try state.withLock { state in
      try Self.relabel(id, as: try label.map { try state.classes.name($0) }, in: &state)
    }
  }

  /// Gives a sample another label by the class's name.
  /// - Throws: ``PexError`` as ``relabel(_:_:)``.
  public func relabel(_ id: SampleID, as className: String) throws {
    try state.withLock { state in try Self.relabel(id, as: try state.classes.checked(className), in: &state) }
  }

  private static func relabel(_ id: SampleID, as className: String?, in state: inout State) throws {
    state.samples[try place(of: id, in: state)].className = className
    state.corrections += 1
  }

  /// Writes the samples, their classes and features, to a file that ``restore(from:)`` reads in another launch: the trunk need
  /// not run for them again. The file can be read by its owner alone; it holds no pictures, but features tell something about
  /// them.
  /// - Throws: ``PexError`` (cannotCreate) or (inputOutput); the old file is then as it was.
  public func save(to path: String) throws {
    let (samples, classes, added) = state.withLock { ($0.samples, $0.classes, $0.added) }
    let file = LiveSamplesFile(
      columns: columns, own: classes.own,
      samples: samples.map { .init(number: $0.id.number, className: $0.className, rows: $0.rows) }, lastNumber: added)
    try AtomicFile.write(to: path, overwriting: true, mode: 0o600) { sink in
      try file.encoded().withUnsafeBytes { try sink.write($0) }
    }
  }

  /// Takes up the samples and the person's own classes that an earlier launch saved. There are none yet.
  /// - Throws: ``PexError``: (usage) when there are samples already or the saved ones need more memory than is allowed,
  ///   (unreadable), (malformed) when the file is damaged, (refused) when it was written for another network, for other exits or
  ///   classes. Nothing has changed then.
  public func restore(from path: String) throws {
    let bytes = try LiveSamplesFile.bytes(of: path, limit: request.storage.memory)
    let file = try naming(path) { try LiveSamplesFile(bytes, wanting: columns) }
    try FeatureBudget.check(columns, samples: file.samples.count, allowed: request.storage.memory)
    try state.withLock { state in
      guard state.samples.isEmpty, state.coming == 0 else {
        throw PexError(.usage, "\(path): there are samples already", hint: "restore before the first sample is added")
      }
      var classes = state.classes
      for name in file.own where !classes.all.contains(name) { try classes.add(name) }
      for sample in file.samples {
        guard let name = sample.className, !classes.all.contains(name) else { continue }
        throw PexError(.refused, "\(path): a sample is of the class '\(name)', which the model does not know")
      }
      state.classes = classes
      state.samples = file.samples.map {
        Sample(id: SampleID(number: $0.number), className: $0.className, rows: $0.rows)
      }
      state.added = max(state.added, file.lastNumber)
    }
  }

  /// Trains heads on the samples that there are now. Trainings run one after the other.
  ///
  /// Without a budget, samples that were added one by one give the same heads as ``PersonalTraining`` gives for all, where
  /// no head in use stays.
  /// - Parameters:
  ///   - budget: the time it may take; the best heads so far count then, which are others at every time.
  ///   - progress: told the share that is done, 0 to 1, from a thread of the training's.
  /// - Returns: the heads; those that are accepted are in ``slot`` when this returns.
  /// - Throws: as ``PersonalTraining/run(_:limits:progress:)`` and ``Acceptance``; `CancellationError` after ``cancel()``
  ///   or when the task is cancelled. The heads in use then stay.
  public func train(
    within budget: Duration? = nil, progress: @escaping @Sendable (Double) -> Void = { _ in }
  ) async throws -> Outcome {
    let cancellation = Cancellation()
    let (number, study) = state.withLock { state in
      state.started += 1
      state.running[state.started] = cancellation
      return (
        state.started, Study(samples: state.samples, classes: state.classes, corrections: state.corrections)
      )
    }
    defer { state.withLock { _ = $0.running.removeValue(forKey: number) } }
    let limits = TrainingLimits(cancellation: cancellation, deadline: budget.map { ContinuousClock.now + $0 })
    return try await withTaskCancellationHandler {
      try await Self.run(on: trainings) { [self] in try train(study, limits, progress) }
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

  /// What a training begins with.
  private struct Study {
    let samples: [Sample]
    let classes: LiveClasses
    /// How many corrections the samples know of.
    let corrections: Int

    /// The model's classes, and those of the person's own that there are samples of.
    var names: [String] {
      let present = Set(samples.compactMap(\.className))
      return classes.known + classes.own.filter(present.contains)
    }
  }

  private func train(
    _ study: Study, _ limits: TrainingLimits, _ progress: @escaping @Sendable (Double) -> Void
  ) throws -> Outcome {
    try limits.check()
    let (samples, corrections, names) = (study.samples, study.corrections, study.names)
    let numbers = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    let labels = samples.map { $0.className.flatMap { numbers[$0] } }
    var request = request
    request.classNames = names
    // Heads that learned from what was taken back are not held on to.
    let current = state.withLock { $0.correctionsInUse == corrections } ? slot.heads : nil
    let session = try Session(model, slot: slot, threads: threads)
    var cache = try TapCache(model, columns, rows: samples.map(\.rows))
    let copies = try cache.leaveOutCopies(labels: labels, limits)
    var result = try PersonalTraining(session, request).train(
      cache, labels: cache.kept.map { labels[$0] }, started: ContinuousClock.now, limits, against: current,
      progress: { if case .heads(let share) = $0 { progress(share) } })
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
