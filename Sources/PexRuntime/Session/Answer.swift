import PexTensor

/// The logits of one exit for one sample.
public struct ExitLogits: Sendable {
  /// The exit.
  public let exit: ExitName
  /// One number a class, not divided by the temperature.
  public let logits: [Float]
  /// Calibrated probabilities of the same classes.
  public let probabilities: [Float]
  /// The largest of them, 0 to 1.
  public var confidence: Float { probabilities.max() ?? 0 }
}

/// What a run found for one sample.
public struct Answer: Sendable {
  /// The exit that answers.
  public var exit: ExitName
  /// Names of the answering exit's classes, when somebody named them.
  public var classes: [String]?
  /// Every exit that was computed, in order of depth; the final classifier last. Empty for a model without classifier
  /// and heads.
  public var computed: [ExitLogits]
  /// The model's outputs by name, each with a batch of one; empty unless the final classifier ran.
  public var outputs: [(name: String, tensor: Tensor)]
  /// Wall-clock time, from the input's arrival to the answer.
  public var nanoseconds: Int
  /// Multiply-accumulates of the prefix and of every head on the way, over those of the whole model.
  public var macsFraction: Double
  /// The first exit point whose head was computed, with average and maximum of every channel of its tap; nil unless
  /// ``Session/keepsFeatures`` was set.
  public var features: (exit: Int, values: [Float])?
  /// Whether nothing was finished when the deadline came.
  public var missedDeadline: Bool
  /// Whether the answer is less sure than was asked for: it is none of the classes. See ``Session/run(_:_:deadline:reject:)``.
  public var isRejected = false

  /// The logits that answer; nil when the answering exit has none.
  public var answering: ExitLogits? { computed.first { $0.exit == exit } }
}
