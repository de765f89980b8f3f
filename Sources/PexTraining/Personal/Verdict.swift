/// Which parts of a person's heads are worth having, measured on samples that trained nothing.
///
/// Much of what looks like personalisation is knowing the classes, which costs nothing. So the way from the bundle's base
/// head to the personal one is gone in steps, and each is measured alone.
public struct Verdict: Hashable, Sendable {
  /// What is done in a step.
  public enum Measure: String, Hashable, Sendable {
    /// The base head's answers are limited to the person's classes, weighed by their shares where these were estimated.
    case classes
    /// The base head is brought to where the person's features lie; see ``FeatureAlignment``.
    case alignment
    /// Heads are trained on the person's samples.
    case training
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
    /// The bundle has no trained base head at the exit.
    case noBaseHead
    /// What the base head reads was not kept: it is a convolution, and the personal head none.
    case notKept
    /// No sample was held out.
    case noSamples
  }

  /// The deepest exit that was trained.
  public let exit: Int
  /// The steps, in their order; none without a verdict.
  public let steps: [Step]
  /// Why there is no verdict; nil when there is one.
  public let absence: Absence?
  /// Whether the figures are agreement with the original classifier rather than accuracy.
  public let isAgreement: Bool
  /// Whether training went on from earlier heads, which may have trained on the samples: its gain then flatters.
  public let isFlattered: Bool

  /// A verdict.
  init(exit: Int, steps: [Step], isAgreement: Bool, isFlattered: Bool) {
    (self.exit, self.steps, absence) = (exit, steps, nil)
    (self.isAgreement, self.isFlattered) = (isAgreement, isFlattered)
  }

  /// None.
  init(exit: Int, _ absence: Absence) {
    (self.exit, steps, self.absence) = (exit, [], absence)
    (isAgreement, isFlattered) = (false, false)
  }

  /// What a step gained; nil when it was not taken.
  public func difference(_ measure: Measure) -> PairedDifference? {
    steps.first { $0.measure == measure }?.difference
  }

  /// How many samples were measured.
  public var count: Int { steps.first?.difference.count ?? 0 }

  /// Whether the personal heads gain over the base heads limited to the person's classes and aligned, beyond what chance
  /// explains; nil without a verdict.
  public var keepsPersonalHeads: Bool? { difference(.training)?.isGain }

  /// The verdict in a sentence.
  public var sentence: String {
    guard let training = difference(.training) else { return "no verdict: \(reason)" }
    let worth = steps.filter { $0.difference.isGain && $0.measure != .training }.map(\.measure)
    guard training.isGain else {
      let besides = worth.map {
        $0 == .classes ? "limited to the person's classes" : "aligned with the person's features"
      }
      let loss = training.interval.upperBound < 0 ? "training makes them worse" : "training shows no gain beyond chance"
      return "keep the base heads\(besides.isEmpty ? "" : ", " + besides.joined(separator: " and ")): \(loss)"
    }
    let names = (worth + [.training]).map(\.name)
    let others = steps.filter { !$0.difference.isGain }.map(\.measure.name)
    let verb = others.count == 1 ? "shows" : "show"
    let rest = others.isEmpty ? "" : "; \(others.joined(separator: " and ")) \(verb) no gain beyond chance"
    return "worth having: \(names.joined(separator: ", "))\(rest)"
  }

  private var reason: String {
    switch absence {
    case .noBaseHead: "the bundle has no base head at exit \(exit) to compare with"
    case .notKept: "the features that the base head of exit \(exit) reads were not kept"
    case .noSamples, nil: "no samples were held out"
    }
  }
}

extension Verdict.Measure {
  /// What is done, in words.
  public var name: String {
    switch self {
    case .classes: "knowing the classes"
    case .alignment: "aligning the features"
    case .training: "training"
    }
  }
}
