import PexBundle

/// What a person gains from what, measured on samples that trained nothing, and what is written because of it.
///
/// Much of what looks like personalisation is knowing the classes, which costs nothing. So the way from the base model to the
/// person's answers is gone in steps, and each is measured alone.
public struct Verdict: Hashable, Sendable {
  /// What is done in a step.
  public enum Measure: String, Hashable, Sendable {
    /// The base model's answers are limited to the person's classes, weighed by their shares where these were estimated.
    case classes
    /// A head is trained on the person's samples, where held-out samples say that it answers better.
    case training
    /// The classifier reads the person's features as if they lay where those of the told classes lie; nobody labelled anything,
    /// so agreement with the classifier itself is what falls.
    case alignment
  }

  /// A step and what it gains.
  public struct Step: Hashable, Sendable {
    /// What is done.
    public let measure: Measure
    /// What that changes.
    public let difference: PairedDifference
  }

  /// Why there is no verdict.
  public enum Absence: Hashable, Sendable {
    /// The model has no classifier, or it knows none of the person's classes.
    case noClassifier
    /// No sample was held out.
    case noSamples
  }

  /// What answers when no exit was sure enough.
  public let lastResort: LastResort
  /// The steps, in their order; none without a verdict.
  public let steps: [Step]
  /// Why there is no verdict; nil when there is one.
  public let absence: Absence?
  /// Whether the figures are agreement with the original classifier rather than accuracy.
  public let isAgreement: Bool
  /// Whether training went on from earlier heads, which may have trained on the samples: its gain then flatters.
  public let isFlattered: Bool

  /// A verdict.
  init(_ lastResort: LastResort, steps: [Step], isAgreement: Bool, isFlattered: Bool) {
    (self.lastResort, self.steps, absence) = (lastResort, steps, nil)
    (self.isAgreement, self.isFlattered) = (isAgreement, isFlattered)
  }

  /// None.
  init(_ lastResort: LastResort, _ absence: Absence) {
    (self.lastResort, steps, self.absence) = (lastResort, [], absence)
    (isAgreement, isFlattered) = (false, false)
  }

  /// What a step gained; nil when it was not taken.
  public func difference(_ measure: Measure) -> PairedDifference? {
    steps.first { $0.measure == measure }?.difference
  }

  /// How many samples were measured.
  public var count: Int { steps.first?.difference.count ?? 0 }

  /// Whether a personal head has a part in the last answer: held-out samples are answered better with it than by the base
  /// model told the classes, beyond what chance explains; or it reads the aligned features of pictures without labels.
  public var keepsPersonalHeads: Bool { lastResort.asksHead }

  /// The verdict in a sentence.
  public var sentence: String {
    let who =
      switch (lastResort.asksClassifier, lastResort.asksHead) {
      case (true, false): "the base model, told the classes, answers last"
      case (false, _): "the personal head of exit \(lastResort.exit ?? 0) answers last"
      case (true, true):
        "the base model and the personal head of exit \(lastResort.exit ?? 0) answer last, "
          + (lastResort.classifier < 1 ? "each with half a say" : "the head adding to the classes' logits")
      }
    return "\(who): \(reason)"
  }

  private var reason: String {
    switch absence {
    case .noClassifier: "there is no classifier that knows these classes to compare with"
    case .noSamples: "no samples were held out that could say more"
    case nil where difference(.alignment) != nil:
      "these pictures are others than those that the model was made for, and nobody labelled any, so no figure here can tell "
        + "how often it is right"
    case nil:
      keepsPersonalHeads
        ? "held-out samples are answered better by it, beyond chance"
        : "no personal head answers held-out samples better beyond chance"
    }
  }
}

extension Verdict.Measure {
  /// What is done, in words.
  public var name: String {
    switch self {
    case .classes: "knowing the classes"
    case .training: "training"
    case .alignment: "aligning features"
    }
  }
}
