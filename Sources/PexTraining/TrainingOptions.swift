import PexTensor

/// How heads are trained. What is nil is chosen from the number of samples.
public struct TrainingOptions: Hashable, Sendable {
  /// The rule by which gradients move weights.
  public enum Optimizer: String, CaseIterable, Sendable {
    /// Stochastic gradient descent with momentum 0.9.
    case sgd
    /// AdamW.
    case adam
  }

  /// Passes over the training samples at most; early stopping may end before.
  public var epochs: Int?
  /// Samples a step.
  public var batch: Int?
  /// The first step's length; it falls to zero along a half cosine.
  public var learningRate: Double?
  /// The rule by which gradients move weights.
  public var optimizer: Optimizer = .adam
  /// The strength of the pull towards the initial weights (the base head's, else zero); nil: chosen on held-out
  /// samples for linear heads.
  public var weightDecay: Double?
  /// Decides the split, the order of samples and the first weights of convolutions.
  public var seed: UInt64 = 0
  /// The share of samples that is held out, 0 to 0.5.
  public var validation = 0.2
  /// Whether a head trains again on all samples, those held out included, once everything is chosen; convolutions on
  /// 5000 samples or more never do. Figures and held-out logits stay those of the head that did not see them.
  public var refit = true
  /// Whether heads' reports hold how the loss moved. Heads are the same with it and without; measuring takes about as
  /// long as training.
  public var recordsLosses = false

  /// The defaults.
  public init() {}

  /// - Throws: ``PexError`` (usage) when a number is out of range, naming the option.
  public func validate() throws {
    if let epochs, !(1...100_000).contains(epochs) {
      throw PexError(.usage, "--epochs must lie in 1...100000, found \(epochs)")
    }
    if let batch, !(1...1_000_000).contains(batch) {
      throw PexError(.usage, "--batch must lie in 1...1000000, found \(batch)")
    }
    if let learningRate, !(learningRate > 0 && learningRate <= 100) {
      throw PexError(.usage, "--lr must be positive and at most 100, found \(learningRate)")
    }
    if let weightDecay, !(weightDecay >= 0 && weightDecay <= 100) {
      throw PexError(.usage, "--weight-decay must lie in 0...100, found \(weightDecay)")
    }
    guard validation >= 0, validation <= 0.5 else {
      throw PexError(.usage, "--validation must lie in 0...0.5, found \(validation)")
    }
  }
}
