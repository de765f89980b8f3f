import CPexKernels
import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// Runs the frozen trunk over samples, several of them at a time: one thread a sample loses nothing to waiting, which all
/// threads on one sample do. What a sample gives depends on the sample alone.
struct FeaturePass {
  /// A sample and what is wanted of it.
  struct Job {
    let sample: Int
    let columns: [TapColumn]
  }

  private let session: Session
  private let pool: ThreadPool
  /// Bytes that the samples on their way may take.
  private static let window = 32 << 20

  /// - Parameter session: its model and its number of threads are used; it runs as well.
  init(_ session: Session) throws {
    self.session = session
    pool = try ThreadPool(threads: session.threads)
  }

  /// A digest of every sample, or why it cannot be read.
  /// - Throws: what reading the first sample that fails otherwise throws.
  func digests(of source: TrainingSamples, _ limits: TrainingLimits) throws -> [Result<Digest, UnreadableSample>] {
    try pool.results(source.count) { _, index in
      try limits.check()
      return try source.digest(index)
    }.map { try Self.readable($0) }
  }

  /// A result whose only failure is a sample that cannot be read.
  private static func readable<Value>(
    _ result: Result<Value, any Error>
  ) throws -> Result<Value, UnreadableSample> {
    do { return .success(try result.get()) } catch let error as UnreadableSample { return .failure(error) }
  }

  /// Computes samples and hands them out in order, those before the first failure included.
  ///
  /// - Parameters:
  ///   - memory: what the sessions of further threads may take.
  ///   - visit: gets the rows of a job's columns, in their order, or why there are none.
  /// - Throws: ``PexError``: (notFinite) for numbers that are not, naming the sample, unless it is forgiven; as
  ///   ``Session/taps(_:at:toTheEnd:_:)``; whatever `source` and `visit` throw.
  func run(
    _ jobs: [Job], _ source: TrainingSamples, memory: Int, _ limits: TrainingLimits,
    visit: (Job, Result<[[Float]], UnreadableSample>) throws -> Void
  ) throws {
    guard let first = jobs.first else { return }
    // Alone, so that all threads pack the weights.
    try visit(first, try Self.readable(Result { try Self.rows(first, source, session) }))
    let rest = jobs.dropFirst()
    let sessions = try session.crew(for: rest.count, memory: memory)
    let most = max(sessions.count, Self.window / max(FeatureBudget.bytes(first.columns, samples: 1), 1))
    var (start, part) = (rest.startIndex, sessions.count)
    while start < rest.endIndex {
      try limits.check()
      let began = ContinuousClock.now
      let jobs = rest[start..<min(start + part, rest.endIndex)]
      for (job, row) in zip(jobs, try results(jobs, source, sessions)) { try visit(job, try Self.readable(row)) }
      start = jobs.endIndex
      // Long enough that threads seldom wait for the last of them, short enough to show progress and to be cancelled.
      if began.duration(to: ContinuousClock.now) < .milliseconds(200) { part = min(2 * part, most) }
    }
  }

  private func results(
    _ jobs: ArraySlice<Job>, _ source: TrainingSamples, _ sessions: [Session]
  ) throws -> [Result<[[Float]], any Error>] {
    guard sessions.count > 1 else { return jobs.map { job in Result { try Self.rows(job, source, session) } } }
    let jobs = Array(jobs)
    return try pool.results(jobs.count) { worker, index in try Self.rows(jobs[index], source, sessions[worker]) }
  }

  private static func rows(_ job: Job, _ source: TrainingSamples, _ session: Session) throws -> [[Float]] {
    let inputs = try source.inputs(job.sample)
    do {
      return try rows(job.columns, of: inputs, session, name: source.name(job.sample))
    } catch let error as PexError where error.kind == .notFinite && source.isForgiven(job.sample) {
      throw UnreadableSample(source.name(job.sample), error)
    }
  }

  /// What some columns keep of a sample.
  /// - Parameter name: of the sample, for messages.
  static func rows(_ columns: [TapColumn], of inputs: [Tensor], _ session: Session, name: String) throws -> [[Float]] {
    let state = pex_flush_denormals()
    defer { pex_restore_denormals(state) }
    var rows: [TapColumn: [Float]] = [:]
    let exits = Set(columns.compactMap(\.exit))
    let logits = columns.first { $0.content == .logits }
    let final = try session.taps(inputs, at: exits.sorted(), toTheEnd: logits != nil) { exit, tap in
      for column in columns where column.exit == exit {
        rows[column] =
          if let branch = column.branch {
            try tap.features(of: branch)
          } else if column.content == .pooled {
            try tap.pooled()
          } else {
            try tap.withNumbers { Array($0) }
          }
      }
    }
    if let logits { rows[logits] = final }
    if let look = columns.first(where: { $0.content == .fingerprint }) {
      rows[look] = try Fingerprint(for: session.model).numbers(of: inputs)
    }
    return try columns.map { column in
      guard let row = rows[column], row.count == column.width else {
        throw PexError(
          .defect, "\(column.name): \(rows[column]?.count ?? 0) numbers where \(column.width) were expected")
      }
      guard row.allSatisfy(\.isFinite) else {
        throw PexError(.notFinite, "\(name): \(column.name) has features that are not finite numbers")
      }
      return row
    }
  }
}
