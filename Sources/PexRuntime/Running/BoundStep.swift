/// A step with every pointer that it needs: looked up once, so that a steady run allocates nothing.
///
/// An object, because a kernel and its context in a list would be copied whenever they run.
final class BoundStep {
  let context: StepContext
  private let kernel: any StepKernel

  /// - Parameter kernel: the step's, divided among the threads of `context`.
  init(_ kernel: any StepKernel, _ context: StepContext) {
    (self.kernel, self.context) = (kernel, context)
  }

  /// Computes what the step gives.
  /// - Throws: what its kernel throws.
  func run() throws { try kernel.run(context) }
}
