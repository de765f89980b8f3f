import CPexKernels

/// A linear layer on standardised features while it is being trained, and how its weights move.
///
/// The weight lies as heads store it. Momentum or AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101); decay is decoupled
/// from the gradient and pulls towards an anchor instead of zero (L2-SP, Li et al. 2018, arXiv 1802.01483).
struct SoftmaxRegression {
  let width: Int
  let classes: Int
  /// Numbers from one row of features to the next: no power of two, for which rows would get in each other's way in a
  /// cache.
  var pitch: Int { (width + 15) / 16 * 16 + 16 }
  /// `[classes, width]`.
  var weight: [Float]
  /// `[classes]`.
  var bias: [Float]
  /// What the weights are pulled towards.
  private let anchor: [Float]
  private var first: [Float]
  private var second: [Float]
  private var biasOptimizer: Optimizer
  private let rule: TrainingOptions.Optimizer
  private var steps = 0

  /// A layer that starts from the given numbers and is pulled towards them.
  init(weight: [Float], bias: [Float], rule: TrainingOptions.Optimizer) {
    classes = bias.count
    width = weight.count / max(bias.count, 1)
    (self.weight, anchor, self.bias) = (weight, weight, bias)
    first = [Float](repeating: 0, count: weight.count)
    second = first
    biasOptimizer = Optimizer(rule, sizes: [bias.count])
    self.rule = rule
  }

  /// Writes the logits of `count` rows of standardised features, which lie ``pitch`` apart: `[count, classes]`.
  func logits(_ rows: [Float], count: Int, into logits: inout [Float]) {
    pex_kernels_default().pointee.layer_logits(count, classes, width, pitch, rows, weight, bias, &logits)
  }

  /// Moves weights and bias along the gradient of a loss.
  ///
  /// - Parameters:
  ///   - rows: standardised features of `count` samples.
  ///   - slopes: the loss's gradient with respect to their logits, `[count, classes]`.
  ///   - decay: the strength of the pull towards the start. The bias is not pulled: it carries how often a class occurs,
  ///     which the samples know better than the start does.
  mutating func descend(_ rows: [Float], slopes: [Float], count: Int, rate: Float, decay: Float) {
    steps += 1
    var descent = Optimizer.descent(rule, step: steps, rate: rate, decay: decay)
    pex_kernels_default().pointee.layer_descent(
      &descent, count, classes, width, pitch, slopes, rows, anchor, &weight, &first, &second)
    var gradient = [Float](repeating: 0, count: classes)
    for row in 0..<count {
      for index in 0..<classes { gradient[index] += slopes[row * classes + index] }
    }
    biasOptimizer.beginStep()
    biasOptimizer.move(0, &bias, gradient: gradient, anchor: bias, rate: rate, decay: 0)
  }
}
