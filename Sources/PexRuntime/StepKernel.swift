import PexGraph
import PexTensor

/// How one step computes: what stands between the plan and the kernels of `CPexKernels`.
///
/// A kernel is immutable and shared by all threads; what it learns from constants it packs once into a buffer that
/// it is given back on every run.
protocol StepKernel: Sendable {
  /// The constants that ``pack(_:)`` reads.
  var packedConstants: [ValueID] { get }
  /// Rearranges constants for running; nil when there is nothing to keep.
  /// - Parameter numbers: the elements of a constant as float32.
  func pack(_ numbers: (ValueID) throws -> [Float]) throws -> FloatBuffer?
  /// Floats of scratch that one thread needs.
  var scratchFloats: Int { get }
  /// Computes the outputs.
  func run(_ context: StepContext) throws
}

extension StepKernel {
  var packedConstants: [ValueID] { [] }
  func pack(_ numbers: (ValueID) throws -> [Float]) throws -> FloatBuffer? { nil }
  var scratchFloats: Int { 0 }
}

/// What a step works with during one run. The pointers have as many elements as the values' types say and the
/// outputs overlap nothing.
struct StepContext {
  /// What the step reads, in its order, constants that it did not pack included.
  let inputs: [UnsafePointer<Float>]
  /// What the step writes.
  let outputs: [UnsafeMutablePointer<Float>]
  /// What ``StepKernel/pack(_:)`` gave.
  let packed: FloatBuffer?
  /// Threads and their scratch.
  let workers: Workers
}

/// The limits that a step puts on its results: a following `relu` or `clip` that it does on the way.
struct Bounds: Hashable, Sendable {
  var minimum = -Float.infinity
  var maximum = Float.infinity

  /// No limits.
  static let none = Bounds()

  /// The limits that a function of one element puts on it, or nil when it does anything else.
  static func of(_ kind: Unary.Kind) -> Bounds? {
    switch kind {
    case .relu: Bounds(minimum: 0)
    case .clip(let minimum, let maximum): Bounds(minimum: Float(minimum), maximum: Float(maximum))
    case .sigmoid, .hardSigmoid, .hardSwish, .leakyRelu, .elu, .tanh, .exponential, .logarithm, .squareRoot,
      .absolute, .negative:
      nil
    }
  }
}
