import PexHeads

/// What is known about a trained head.
public struct HeadReport: Hashable, Sendable {
  /// The number of the exit point.
  public var exit: Int
  /// Share of training samples answered right, 0 to 1, before the head is trained again on all samples.
  public var trainAccuracy: Double
  /// Share of held-out samples answered right, 0 to 1, each by a head that did not train on it; nil when none were held
  /// out. In a split that is cross-fitted those of ``Split/validation`` are left out, so that nothing was chosen by
  /// what is counted; otherwise strength and epoch were, and it flatters a little.
  public var validationAccuracy: Double?
  /// What the head's logits are divided by.
  public var temperature: Float
  /// The confidence from which the exit is taken; nil when there were too few held-out samples to choose one.
  public var threshold: Float?
  /// Whether policies may take the exit.
  public var enabled: Bool
  /// The epoch that was kept; 0: the base head.
  public var epochs: Int
  /// Optimiser steps in all, those of heads included that only answered held-out samples.
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
  /// Logits, not divided by the temperature, for the samples of ``Split/held`` in their order, each from a head that was
  /// not trained on it.
  public let heldLogits: LogitTable
  /// The temperature where held-out samples are too few to choose one.
  public let fallbackTemperature: Float
  /// Whether the head is the bundle's own base head, limited to the classes: a head file names it instead of holding it.
  public var isBase = false
  /// Whether a head file holds it: what neither a policy takes nor the last resort asks is left out.
  public var isWritten = true
}
