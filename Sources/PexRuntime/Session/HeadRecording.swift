import PexBundle

/// What a set of heads says of one sample: all that a policy could ask for, so that any policy can be followed afterwards
/// without the network. Made by ``Session/record(_:_:untrained:)``.
public struct HeadRecording: Sendable {
  /// What a run answers that no early exit has answered.
  public struct LastResort: Sendable {
    /// The exit that answers: the final classifier, or the head that stands in for it.
    public let exit: ExitName
    /// Its logits among ``classes``; nil when the model has no classifier.
    public let logits: ExitLogits?
    /// Names of its classes, when somebody named them: those of the heads, where the person has no others.
    public let classes: [String]?
    /// Whether it is an answer of its own, and none of ``HeadRecording/exits`` and ``HeadRecording/final``: the final
    /// classifier told which classes there are, and how often.
    public let isOwn: Bool
  }

  /// An answer that was followed to.
  public struct Followed: Sendable {
    /// The exit that answers.
    public let exit: ExitName
    /// Its logits; nil when there are none.
    public let logits: ExitLogits?
    /// Names of its classes, when somebody named them.
    public let classes: [String]?
    /// Whether no exit in front was taken.
    public let isLastResort: Bool
    /// Whether the answer is less sure than was asked for: none of the classes.
    public let isRejected: Bool
  }

  /// The heads.
  public let heads: HeadSet
  /// The logits of every head that was asked, by depth, whether policies may take it or not. Their classes are those of the heads.
  public let exits: [ExitLogits]
  /// The final classifier's among all of its classes; nil for a model without one.
  public let final: ExitLogits?
  /// What answers when no exit in front is taken.
  public let lastResort: LastResort

  /// What ``Session/run(_:_:deadline:reject:)`` would answer with a policy, without a deadline.
  /// - Parameters:
  ///   - policy: which exit is taken; nil: none but the last resort.
  ///   - reject: as in that run.
  public func following(_ policy: PolicyRecord?, reject: Float? = nil) -> Followed {
    var state = policy.map(PolicyState.init)
    for logits in exits {
      guard case .exit(let exit) = logits.exit, heads[exit]?.isEnabled ?? false else { continue }
      // Every exit on the way is looked at: patience counts them.
      let isContent = state?.isContent(exit: exit, probabilities: logits.probabilities) ?? false
      guard isContent, logits.confidence >= reject ?? 0 else { continue }
      let isLast = logits.exit == lastResort.exit
      return Followed(
        exit: logits.exit, logits: logits, classes: heads.classes, isLastResort: isLast, isRejected: false)
    }
    let isRejected = lastResort.logits.map { $0.confidence < reject ?? 0 } ?? false
    return Followed(
      exit: lastResort.exit, logits: lastResort.logits, classes: lastResort.classes, isLastResort: true,
      isRejected: isRejected)
  }
}
