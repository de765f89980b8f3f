import PexHeads

/// What is known about a trained head.
public struct HeadReport: Hashable, Sendable {
  /// The number of the exit point.
  public var exit: Int
  /// Share of training samples answered right, 0 to 1. This and the next are measured before the head is trained again
  /// on all samples.
  public var trainAccuracy: Double
  /// Share of held-out samples answered right, 0 to 1; nil when none were held out. The epoch was chosen on the same
  /// samples, so it flatters a little.
  public var validationAccuracy: Double?
  /// What the head's logits are divided by.
  public var temperature: Float
  /// The confidence from which the exit is taken; nil when there were too few held-out samples to choose one.
  public var threshold: Float?
  /// Whether policies may take the exit.
  public var enabled: Bool
  /// The epoch that was kept; 0: the base head.
  public var epochs: Int
  /// Optimiser steps in all.
  public var steps: Int
  /// How the loss moved; nil unless ``TrainingOptions/recordsLosses`` asked for it.
  public var losses: LossHistory?
}

/// A head with what choosing a policy needs.
public struct TrainedHead: Sendable {
  /// The head, calibrated; it reads raw taps.
  public var head: Head
  /// What is known about it.
  public var report: HeadReport
  /// Logits, not divided by the temperature, for the samples of ``Split/validation`` in their order, from the head that
  /// was not trained on them.
  public let validationLogits: LogitTable
}
