import PexGraph
import PexTensor
import Synchronization

/// A plan's weights as its kernels want them, shared by all executors of the plan.
///
/// A segment is packed when it is first entered, once. What lies behind the exits that are taken is never read.
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

  /// Weights of which nothing is packed yet.
  /// - Parameters:
  ///   - verify: called for every constant of a segment before the segment is packed; what it throws ends the run and
  ///     leaves the segment unpacked. Several threads call it at a time.
  ///   - release: called for every constant of a segment after it was packed.
  /// - Throws: ``PexError`` (unsupported) when there is no memory.
  public init(
    plan: ExecutionPlan, verify: @escaping @Sendable (ValueID) throws -> Void = { _ in },
    release: @escaping @Sendable (ValueID) -> Void = { _ in }
  ) throws {
    self.plan = plan
    self.verify = verify
    self.release = release
    slots = plan.segments.map { _ in Slot() }
    var floats = 0
    places = plan.segments.map { SegmentPlaces(segment: $0, graph: plan.graph, after: &floats) }
    memory = try FloatBuffer(count: floats)
  }

  /// Bytes of all segments' weights once they are packed.
  public var byteCount: Int { memory.count * MemoryLayout<Float>.stride }

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
      let packed = try pack(number, workers)
      content = packed
      return packed
    }
  }

  private func pack(_ number: Int, _ workers: Workers) throws -> PackedSegment {
    let (segment, places) = (plan.segments[number], places[number])
    let source = WeightSource(graph: plan.graph, workers: workers)
    try verify(segment.constants, workers)
    var packed = PackedSegment(memory: memory)
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

  /// Verifies constants on all threads.
  private func verify(_ constants: [ValueID], _ workers: Workers) throws {
    let failures = Mutex<[Int: any Error]>([:])
    workers.each(constants.count, cost: Int.max) { index, _ in
      do {
        try naming("weight '\(plan.graph[constants[index]].name)'") { try verify(constants[index]) }
      } catch {
        failures.withLock { $0[index] = error }
      }
    }
    if let first = failures.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
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

  /// Takes places behind the first `floats`, which grow.
  init(segment: Segment, graph: Graph, after floats: inout Int) {
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
  }

  /// Whole cache lines: a vector may be read where fewer numbers are left.
  static func rounded(_ floats: Int) -> Int { saturatingProduct(divideUp(floats, 16), 16) }
}

/// The packed weights of one segment.
struct PackedSegment: @unchecked Sendable {
  /// What the weights lie in; nobody writes to it any more.
  let memory: FloatBuffer
  /// For each step, what its kernel packed.
  var steps: [UnsafePointer<Float>?] = []
  /// Constants that steps read as they are.
  var raw: [ValueID: UnsafePointer<Float>] = [:]

  init(memory: FloatBuffer) { self.memory = memory }
}
