import PexGraph
import PexTensor

/// How one step computes: what stands between the plan and the kernels of `CPexKernels`.
///
/// A kernel is immutable and shared by all threads; what it learns from constants it packs once into a buffer that
/// it is given back on every run.
protocol StepKernel: Sendable {
  /// In a word or two, for the profile.
  var title: String { get }
  /// The constants that ``pack(_:into:)`` reads.
  var packedConstants: [ValueID] { get }
  /// Floats that ``pack(_:into:)`` keeps.
  var packedFloats: Int { get }
  /// What decides how ``pack(_:into:)`` arranges them, in words: the same words, the same arrangement.
  var arrangement: String { get }
  /// Rearranges constants for running into `packed`, which has ``packedFloats`` places.
  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws
  /// Floats of scratch that each thread needs.
  var scratchFloats: Int { get }
  /// The same kernel with everything decided that depends on the number of threads, so that no run decides it again.
  func divided(among threads: Int) -> any StepKernel
  /// The input in whose place the output may be written, element by element.
  var overwrites: Int? { get }
  /// Computes the outputs.
  func run(_ context: StepContext) throws
}

extension StepKernel {
  var packedConstants: [ValueID] { [] }
  var packedFloats: Int { 0 }
  var arrangement: String { "" }
  func pack(_ source: WeightSource, into packed: UnsafeMutablePointer<Float>) throws {}
  var scratchFloats: Int { 0 }
  func divided(among threads: Int) -> any StepKernel { self }
  var overwrites: Int? { nil }
}

/// What a step works with during one run. The pointers have as many elements as the values' layouts say, and the
/// outputs overlap nothing but the input that the kernel overwrites.
struct StepContext {
  /// What the step reads, in its order, constants that it did not pack included.
  let inputs: [UnsafePointer<Float>]
  /// What the step writes.
  let outputs: [UnsafeMutablePointer<Float>]
  /// What ``StepKernel/pack(_:into:)`` left; null when it keeps nothing.
  let packed: UnsafePointer<Float>?
  /// Threads and their scratch.
  let workers: Workers

  /// The packed weights of a kernel that has some.
  func weights() throws -> UnsafePointer<Float> {
    guard let packed else { throw PexError(.defect, "weights are not packed") }
    return packed
  }
}
