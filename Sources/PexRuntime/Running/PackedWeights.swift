import CPexKernels
import PexBundle
import PexGraph
import PexTensor
import Synchronization

/// A plan's weights as its kernels want them, shared by all executors of the plan.
///
/// A segment is packed when it is first entered, once; or used in place when the bundle holds it ready for these kernels.
/// What lies behind the exits that are taken is never read.
public final class PackedWeights: Sendable {
  /// The plan whose weights these are.
  public let plan: ExecutionPlan
  private let verify: @Sendable (ValueID) throws -> Void
  private let release: @Sendable (ValueID) -> Void
  private let slots: [Slot]
  /// Where the weights of each segment lie in `memory`.
  private let places: [SegmentPlaces]
  /// One block for all segments, of which nothing is touched before a segment is packed: huge pages then serve
  /// neighbouring segments too.
  private let memory: FloatBuffer
  private let ready: PackedRecord?
  private let trunk: Digest?

  /// Weights of which nothing is packed yet.
  /// - Parameters:
  ///   - verify: called for every constant of a segment before the segment is packed; what it throws ends the run and
  ///     leaves the segment unpacked. Several threads call it at a time.
  ///   - trunk: the digest of the trunk that the plan is for.
  ///   - ready: packed weights that came with the bundle; they are ignored when they are for other kernels or another
  ///     trunk.
  ///   - release: called for every constant of a segment after it was packed.
  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  public init(
    plan: ExecutionPlan, trunk: Digest? = nil, ready: PackedRecord? = nil,
    verify: @escaping @Sendable (ValueID) throws -> Void = { _ in },
    release: @escaping @Sendable (ValueID) -> Void = { _ in }
  ) throws {
    self.plan = plan
    self.verify = verify
    self.release = release
    slots = plan.segments.map { _ in Slot() }
    var floats = 0
    places = plan.segments.map { SegmentPlaces(segment: $0, graph: plan.graph, after: &floats) }
    self.trunk = trunk
    let fits =
      ready.map { [places] ready in
        ready.instructionSet == plan.instructionSet.name
          && ready.arrangement == Self.arrangement(plan, places, trunk)
          && ready.segments.map(\.count) == places.map(\.count)
      } ?? false
    self.ready = fits ? ready : nil
    memory = try FloatBuffer(count: fits ? 0 : floats)
  }

  /// Whether the bundle's packed weights are used.
  public var isReady: Bool { ready != nil }

  /// The order in which the kernels' packing puts numbers: another number for every change.
  private static let packingVersion = 1

  /// What says whose weights are arranged, and how.
  private static func arrangement(_ plan: ExecutionPlan, _ places: [SegmentPlaces], _ trunk: Digest?) -> Digest {
    let segments = zip(plan.segments, places).map { segment, places in
      let steps = segment.steps.map {
        "\($0.kernel.title) \($0.kernel.packedConstants.map(\.index)) \($0.kernel.arrangement)"
      }
      return (steps + ["\(places.raw.keys.sorted().map(\.index))"]).joined(separator: "\n")
    }
    return Digest(lines: ["\(packingVersion)", "\(trunk?.description ?? "")"] + segments, tag: "packed weights")
  }

  /// Everything packed, to be kept in a bundle.
  /// - Throws: ``PexError`` as a run of all segments does; (defect) when something has been packed already.
  package func record(threads: Int) throws -> PackedRecord {
    guard ready == nil, !slots.indices.contains(where: { isPacked(segment: $0) }) else {
      throw PexError(.defect, "weights are recorded when nothing is packed yet")
    }
    let pool = try ThreadPool(threads: threads)
    let workers = try Workers(pool: pool, plan: plan)
    // Packing leaves gaps: the same weights are to be the same bytes.
    memory.base.update(repeating: 0, count: memory.count)
    let tensors = try plan.segments.indices.map { number in
      let segment = try segment(number, workers)
      let place = places[number]
      return try withExtendedLifetime(segment) {
        try Tensor(.float32, Shape([place.count])) { bytes in
          bytes.copyMemory(from: UnsafeRawBufferPointer(start: memory.base + place.start, count: bytes.count))
        }
      }
    }
    return PackedRecord(
      instructionSet: plan.instructionSet.name, arrangement: Self.arrangement(plan, places, trunk),
      segments: tensors)
  }

  /// Whether a segment has been packed.
  public func isPacked(segment: Int) -> Bool {
    slots.indices.contains(segment) && slots[segment].content.withLock { $0 != nil }
  }

  /// A segment's weights, packed now if they were not.
  /// - Throws: what the verification throws; ``PexError`` (unsupported) when there is no memory.
  func segment(_ number: Int, _ workers: Workers) throws -> PackedSegment {
    guard slots.indices.contains(number) else { throw PexError(.defect, "there is no segment \(number)") }
    return try slots[number].content.withLock { content in
      if let content { return content }
      let packed = try ready.map { try use($0, number, workers) } ?? pack(number, workers)
      content = packed
      return packed
    }
  }

  private func pack(_ number: Int, _ workers: Workers) throws -> PackedSegment {
    let (segment, places) = (plan.segments[number], places[number])
    let source = WeightSource(graph: plan.graph, workers: workers)
    try verify(segment.constants, workers)
    // The pool's threads do, and the bytes must not depend on which thread packs.
    let state = pex_flush_denormals()
    defer { pex_restore_denormals(state) }
    var packed = PackedSegment(owner: memory)
    for (step, place) in zip(segment.steps, places.steps) {
      let part = place.map { memory.base + $0 }
      if let part { try naming("node '\(step.name)'") { try step.kernel.pack(source, into: part) } }
      packed.steps.append(part.map { UnsafePointer($0) })
      for id in step.kernel.packedConstants { release(id) }
    }
    for (id, place) in places.raw {
      guard let count = plan.graph[id].constant?.count else { continue }
      try source.copy(id, count: count, padded: SegmentPlaces.rounded(count), to: memory.base + place)
      packed.raw[id] = UnsafePointer(memory.base + place)
      release(id)
    }
    return packed
  }

  /// A segment of the bundle's packed weights, checked and used in place.
  private func use(_ ready: PackedRecord, _ number: Int, _ workers: Workers) throws -> PackedSegment {
    let (segment, places) = (plan.segments[number], places[number])
    try workers.throwing(ready.pieceCount(segment: number)) { try ready.verify(segment: number, piece: $0) }
    // Constants that are given out are read where they are.
    let given = Set(plan.given.values.map(\.stored.value))
    try verify(segment.constants.filter(given.contains), workers)
    let tensor = ready.segments[number]
    var packed = PackedSegment(owner: tensor)
    try tensor.withFloats { numbers in
      // The tensor keeps the file mapped for as long as the segment has it.
      guard let base = numbers.baseAddress else {
        packed.steps = segment.steps.map { _ in nil }
        return
      }
      packed.steps = places.steps.map { $0.map { base + ($0 - places.start) } }
      packed.raw = places.raw.mapValues { base + ($0 - places.start) }
    }
    return packed
  }

  /// Verifies constants on all threads.
  private func verify(_ constants: [ValueID], _ workers: Workers) throws {
    try workers.throwing(constants.count) { index in
      try naming("weight '\(plan.graph[constants[index]].name)'") { try verify(constants[index]) }
    }
  }

  private final class Slot: Sendable {
    let content = Mutex<PackedSegment?>(nil)
  }
}

/// Where the weights of a segment's steps lie.
private struct SegmentPlaces: Sendable {
  /// For each step, where its packed weights begin; nil when it has none.
  private(set) var steps: [Int?] = []
  /// Constants that steps read as they are.
  private(set) var raw: [ValueID: Int] = [:]
  /// Where the segment begins, and its floats.
  let start: Int
  private(set) var count = 0

  /// Takes places behind the first `floats`, which grow.
  init(segment: Segment, graph: Graph, after floats: inout Int) {
    start = floats
    func take(_ count: Int) -> Int {
      defer {
        let (sum, overflow) = floats.addingReportingOverflow(Self.rounded(count))
        floats = overflow ? Int.max : sum
      }
      return floats
    }
    steps = segment.steps.map { $0.kernel.packedFloats > 0 ? take($0.kernel.packedFloats) : nil }
    let constants = Set(segment.steps.flatMap(\.inputs).map(\.value)).filter { graph[$0].constant != nil }
    for id in constants.sorted() { raw[id] = take(graph[id].constant?.count ?? 0) }
    count = floats - start
  }

  /// Whole cache lines: a vector may be read where fewer numbers are left.
  static func rounded(_ floats: Int) -> Int { saturatingProduct(divideUp(floats, 16), 16) }
}

/// The packed weights of one segment.
struct PackedSegment: @unchecked Sendable {
  /// What keeps the weights in memory; nobody writes to them any more.
  let owner: any Sendable
  /// For each step, what its kernel packed.
  var steps: [UnsafePointer<Float>?] = []
  /// Constants that steps read as they are.
  var raw: [ValueID: UnsafePointer<Float>] = [:]

  init(owner: any Sendable) { self.owner = owner }
}
