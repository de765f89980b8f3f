import Foundation
import PexBundle
import PexHeads
import PexRuntime
import PexTensor

/// What the heads of one training read: at most one pass over the trunk for every sample, to the deepest tap that is
/// missing, and no pass afterwards.
struct TapCache {
  /// How many samples the trunk ran for.
  private(set) var passes = 0
  /// Numbers of the samples that there are features of, rising: the others cannot be read.
  private(set) var kept: [Int] = []
  /// Why the others cannot be read, by number.
  private(set) var unreadable: [Int: UnreadableSample] = [:]
  /// The final classifier's logits, when they were asked for and there is a classifier, one row a sample.
  private(set) var finalLogits: LogitTable?
  private var tables: [TapColumn: FeatureTable] = [:]
  private let model: Model

  /// Features of samples, from the storage as far as they are there, else from the trunk.
  /// - Parameters:
  ///   - columns: what is kept of every sample.
  ///   - progress: called after every sample with how many are done.
  /// - Throws: ``PexError``: (usage) before anything is computed when memory will not do; (inputOutput) when a folder's
  ///   files cannot be read or written, for one because the disk is full, (cannotCreate) when they cannot be made;
  ///   (malformed) when no sample can be read; as
  ///   ``FeaturePass/run(_:_:memory:_:visit:)``.
  init(
    _ session: Session, _ columns: [TapColumn], _ source: TrainingSamples, storage: FeatureStorage,
    limits: TrainingLimits, progress: (Int) -> Void
  ) throws {
    model = session.model
    let fits = FeatureBudget.bytes(columns, samples: source.count) <= storage.memory
    let pass = try FeaturePass(session)
    if let folder = storage.folder {
      try complete(columns, source, pass, folder, storage.memory, loads: fits, limits, progress)
    } else {
      try FeatureBudget.check(columns, samples: source.count, allowed: storage.memory)
      try compute(columns, source, pass, storage.memory, limits, progress)
    }
    kept = (0..<source.count).filter { unreadable[$0] == nil }
    if kept.isEmpty, let first = unreadable.min(by: { $0.key < $1.key })?.value {
      throw PexError(
        .malformed, "none of \(source.count) samples can be read; the first: \(first.reason.message)",
        hint: first.reason.hint)
    }
    try takeLogits()
  }

  /// Features that are there: for every sample one row a column, in the order of the columns.
  init(_ model: Model, _ columns: [TapColumn], rows: [[[Float]]]) throws {
    self.model = model
    kept = Array(rows.indices)
    for (index, column) in columns.enumerated() {
      var table = try FeatureTable(tap: column.name, width: column.width)
      table.reserve(rows.count)
      for row in rows { try table.append(row[index], label: nil) }
      tables[column] = table
    }
    try takeLogits()
  }

  /// Keeps more of the same samples.
  /// - Throws: as ``init(_:_:_:storage:limits:progress:)``.
  mutating func add(
    _ columns: [TapColumn], _ session: Session, _ source: TrainingSamples, storage: FeatureStorage,
    limits: TrainingLimits, progress: (Int) -> Void
  ) throws {
    var more = try TapCache(session, columns, source, storage: storage, limits: limits, progress: progress)
    let rows = Dictionary(more.kept.enumerated().map { ($1, $0) }) { first, _ in first }
    let positions = kept.compactMap { rows[$0] }
    guard positions.count == kept.count else {
      throw PexError(.inputOutput, "\(kept.count) samples could be read at first, then \(positions.count)")
    }
    try more.keep(positions)
    tables.merge(more.tables) { first, _ in first }
    passes += more.passes
  }

  /// Forgets all samples but some.
  /// - Parameter positions: of those that stay among ``kept``, rising.
  mutating func keep(_ positions: [Int]) throws {
    guard positions.count < kept.count else { return }
    kept = positions.map { kept[$0] }
    tables = try tables.mapValues { try $0.keeping(positions) }
    finalLogits = try finalLogits?.selected(positions)
  }

  private mutating func takeLogits() throws {
    guard let (column, table) = tables.first(where: { $0.key.content == .logits }), table.count > 0 else { return }
    finalLogits = try LogitTable(classes: column.width, values: try (0..<table.count).flatMap { try table.row($0) })
  }

  /// Computes everything into memory.
  private mutating func compute(
    _ columns: [TapColumn], _ source: TrainingSamples, _ pass: FeaturePass, _ memory: Int, _ limits: TrainingLimits,
    _ progress: (Int) -> Void
  ) throws {
    var tables = try columns.map { try FeatureTable(tap: $0.name, width: $0.width) }
    for index in tables.indices { tables[index].reserve(source.count) }
    let jobs = (0..<source.count).map { FeaturePass.Job(sample: $0, columns: columns) }
    let left = memory - FeatureBudget.bytes(columns, samples: source.count)
    try pass.run(jobs, source, memory: left, limits) { job, rows in
      switch rows {
      case .success(let rows):
        for (index, row) in rows.enumerated() { try tables[index].append(row, label: nil) }
        passes += 1
      case .failure(let error): unreadable[job.sample] = error
      }
      progress(job.sample + 1)
    }
    self.tables = Dictionary(zip(columns, tables)) { first, _ in first }
  }

  /// Computes what a folder's files lack into them.
  /// - Parameter loads: whether features are read into memory; else training reads the files.
  private mutating func complete(
    _ columns: [TapColumn], _ source: TrainingSamples, _ pass: FeaturePass, _ folder: String, _ memory: Int,
    loads: Bool, _ limits: TrainingLimits, _ progress: (Int) -> Void
  ) throws {
    try Self.make(folder)
    let results = try pass.digests(of: source, limits)
    for (sample, result) in results.enumerated() {
      if case .failure(let error) = result { unreadable[sample] = error }
    }
    let digests = results.map { try? $0.get() }
    let wanted = Set(digests.compactMap(\.self))
    var cached = try columns.map {
      try CachedColumn($0, kernels: model.instructionSet, folder: folder, samples: wanted)
    }
    var seen: Set<Digest> = []
    let jobs = digests.enumerated().compactMap { sample, digest -> FeaturePass.Job? in
      guard let digest else { return nil }
      let missing = columns.indices.filter { cached[$0].slots[digest] == nil }
      guard !missing.isEmpty, seen.insert(digest).inserted else { return nil }
      return FeaturePass.Job(sample: sample, columns: missing.map { columns[$0] })
    }
    try Self.checkRoom(jobs, folder)
    var done = source.count - jobs.count
    if jobs.isEmpty || done > 0 { progress(done) }
    var damaged: [Digest: UnreadableSample] = [:]
    try pass.run(jobs, source, memory: memory, limits) { job, rows in
      guard let digest = digests[job.sample] else { return }
      switch rows {
      case .success(let rows):
        for (column, row) in zip(job.columns, rows) {
          guard let index = columns.firstIndex(of: column) else { continue }
          try cached[index].add(row, of: digest)
        }
        if job.columns.contains(where: { $0.content != .fingerprint }) { passes += 1 }
      case .failure(let error): damaged[digest] = error
      }
      done += 1
      progress(done)
    }
    for (sample, digest) in digests.enumerated() {
      guard let digest, let error = damaged[digest] else { continue }
      // The same bytes under another name: the reason names this sample.
      do { _ = try source.inputs(sample) } catch let own as UnreadableSample {
        unreadable[sample] = own
        continue
      }
      // It could be read, and the network made nothing finite of it.
      let (own, reason) = (source.name(sample), error.reason)
      let isOwn = reason.message.hasPrefix("\(own): ")
      unreadable[sample] =
        isOwn
        ? error
        : UnreadableSample(own, PexError(reason.kind, "\(own), the same as \(reason.message)", hint: reason.hint))
    }
    let readable = digests.indices.filter { unreadable[$0] == nil }.compactMap { digests[$0] }
    for (column, cached) in zip(columns, cached) {
      if !jobs.isEmpty { try cached.file.flush() }
      let slots = try readable.map { digest in
        guard let slot = cached.slots[digest] else { throw PexError(.defect, "\(column.name): a sample is not cached") }
        return slot
      }
      tables[column] = try Self.table(column, cached.file, slots, loads: loads || column.content == .logits)
    }
  }

  private static func table(
    _ column: TapColumn, _ file: FeatureFile, _ slots: [Int], loads: Bool
  ) throws -> FeatureTable {
    guard loads else { return FeatureTable(tap: column.name, file: file, slots: slots) }
    var table = try FeatureTable(tap: column.name, width: column.width)
    table.reserve(slots.count)
    try file.read(slots) { _, row in
      try table.append(UnsafeBufferPointer(start: row, count: column.width), label: nil)
    }
    return table
  }

  /// Makes the folder unless it is there. Features tell something about the pictures: it is its owner's alone.
  private static func make(_ folder: String) throws {
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw PexError(.cannotCreate, "\(folder): the folder cannot be created: \(systemMessage())")
    }
  }

  /// - Throws: ``PexError`` (inputOutput) when the disk has no room for what is missing.
  private static func checkRoom(_ jobs: [FeaturePass.Job], _ folder: String) throws {
    let needed = jobs.reduce(0) { FeatureBudget.sum($0, FeatureBudget.bytes($1.columns, samples: 1)) }
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return }
    let free = saturatingProduct(Int(clamping: status.f_bavail), Int(clamping: status.f_frsize))
    guard needed <= free else {
      throw PexError(
        .inputOutput,
        "\(folder): \(FeatureBudget.text(needed)) of features are to be written, \(FeatureBudget.text(free)) are free",
        hint: "make room, give another folder, or train fewer exits or linear heads instead of convolutions")
    }
  }

  /// What a head is trained on, with labels.
  /// - Throws: ``PexError`` (defect) when the head reads something else than was computed.
  func samples(for plan: HeadPlan, labels: [Int?]) throws -> HeadTrainer.Samples {
    let parts = try plan.columns(in: model).map { try column($0) }
    var table = parts.count == 1 ? parts[0] : try FeatureTable(joining: parts)
    try table.relabel(labels)
    guard plan.specification.kind == .conv else { return .features(table) }
    return .taps(
      try TapTable(table, channels: plan.specification.channels, spatial: plan.specification.spatial))
  }

  /// The pooled features of a head's own tap and, behind them, of its branch.
  /// - Throws: ``PexError`` (defect) when they were not computed.
  func own(_ plan: HeadPlan) throws -> FeatureTable {
    let specification = plan.specification
    guard specification.kind == .conv else {
      let tap = try column(TapColumn(.pooled, exit: plan.exit, in: model))
      guard let branch = plan.branch else { return tap }
      return try FeatureTable(joining: [tap, column(TapColumn(branch, exit: plan.exit, in: model))])
    }
    return try TapTable(
      column(TapColumn(.map, exit: plan.exit, in: model)), channels: specification.channels,
      spatial: specification.spatial
    ).pooled()
  }

  /// The pooled features of the branches that a head reads, by exit; nil when one is not kept, or the head does not have it.
  func branchTables(of head: Head, at exit: Int) throws -> [Int: FeatureTable]? {
    let places = head.specification.branchExits(at: exit)
    let found = try zip(places, head.branches).compactMap { place, branch in
      tables[try TapColumn(branch, exit: place.exit, in: model)].map { (place.exit, $0) }
    }
    return found.count == places.count ? Dictionary(found) { first, _ in first } : nil
  }

  /// What was kept of that kind at an exit.
  func table(_ content: TapColumn.Content, at exit: Int) -> (column: TapColumn, table: FeatureTable)? {
    tables.first { $0.key.content == content && $0.key.exit == exit }.map { ($0.key, $0.value) }
  }

  /// What was kept of that kind, in no order.
  func tables(_ content: TapColumn.Content) -> [(column: TapColumn, table: FeatureTable)] {
    tables.filter { $0.key.content == content }.map { ($0.key, $0.value) }
  }

  private func column(_ column: TapColumn) throws -> FeatureTable {
    guard let table = tables[column] else { throw PexError(.defect, "\(column.name) was not computed") }
    return table
  }
}
