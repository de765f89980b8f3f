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
  private let slots: [Slot]

  /// Weights of which nothing is packed yet.
  /// - Parameter verify: called for every constant of a segment before the segment is packed; what it throws ends the
  ///   run and leaves the segment unpacked.
  public init(plan: ExecutionPlan, verify: @escaping @Sendable (ValueID) throws -> Void = { _ in }) {
    self.plan = plan
    self.verify = verify
    slots = plan.segments.map { _ in Slot() }
  }

  /// Whether a segment has been packed.
  public func isPacked(segment: Int) -> Bool {
    slots.indices.contains(segment) && slots[segment].content.withLock { $0 != nil }
  }

  /// A segment's weights, packed now if they were not.
  /// - Throws: what the verification throws; ``PexError`` (unsupported) when there is no memory.
  func segment(_ number: Int) throws -> PackedSegment {
    guard slots.indices.contains(number) else { throw PexError(.defect, "there is no segment \(number)") }
    return try slots[number].content.withLock { content in
      if let content { return content }
      let packed = try pack(plan.segments[number])
      content = packed
      return packed
    }
  }

  private func pack(_ segment: Segment) throws -> PackedSegment {
    for id in segment.constants { try naming("weight '\(plan.graph[id].name)'") { try verify(id) } }
    func numbers(_ id: ValueID) throws -> [Float] {
      guard let tensor = plan.graph[id].constant else {
        throw PexError(.defect, "'\(plan.graph[id].name)' has no numbers")
      }
      return tensor.floats
    }
    var raw: [ValueID: FloatBuffer] = [:]
    for id in segment.steps.flatMap(\.inputs) where raw[id] == nil && plan.graph[id].constant != nil {
      raw[id] = try FloatBuffer(try numbers(id))
    }
    return PackedSegment(
      steps: try segment.steps.map { step in try naming("node '\(step.name)'") { try step.kernel.pack(numbers) } },
      raw: raw)
  }

  private final class Slot: Sendable {
    let content = Mutex<PackedSegment?>(nil)
  }
}

/// The packed weights of one segment.
final class PackedSegment: Sendable {
  /// For each step, what its kernel packed.
  let steps: [FloatBuffer?]
  /// Constants that steps read as they are.
  let raw: [ValueID: FloatBuffer]

  init(steps: [FloatBuffer?], raw: [ValueID: FloatBuffer]) {
    self.steps = steps
    self.raw = raw
  }
}
