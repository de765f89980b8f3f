import PexGraph
import PexTensor

/// Blocked maps of one sample joined along their channels: runs of memory one behind the other. What lies in its place
/// already is not copied.
struct BlockConcatStep: StepKernel {
  /// Where each input goes, and how long it is, in floats.
  var parts: [(start: Int, count: Int)]

  var title: String { "copy" }

  func run(_ context: StepContext) throws {
    for (part, input) in zip(parts, context.inputs) {
      context.workers.ranges(part.count, cost: 1) { range, _ in
        (context.outputs[0] + part.start + range.lowerBound).update(
          from: input + range.lowerBound, count: range.count)
      }
    }
  }
}
