import PexHeads
import PexTensor

extension [TrainedHead] {
  /// Chooses the confidence policy of these heads on their held-out samples and notes each head's threshold in its
  /// report: the common one for heads that are enabled, none where there were too few samples to choose.
  ///
  /// - Parameters:
  ///   - labels: of the samples of ``Split/validation``, in their order.
  ///   - costs: what taking each exit costs, shallowest first, heads evaluated on the way included; one more than
  ///     there are heads when `last` is given.
  ///   - last: the final classifier's answers for the same samples; nil when the deepest head takes its place, which
  ///     is then enabled whatever its accuracy.
  ///   - goal: what the policy is for.
  /// - Throws: as ``ThresholdChoice/choose(exits:enabled:labels:costs:goal:)``.
  public mutating func choosePolicy(
    labels: [Int], costs: [Double], last: Predictions? = nil, goal: PolicyGoal = .nearBest
  ) throws -> ThresholdChoice? {
    var exits = map { Predictions($0.validationLogits, temperature: $0.report.temperature) }
    var enabled = map(\.report.enabled)
    if let last {
      exits.append(last)
      enabled.append(true)
    } else if let deepest = indices.last {
      self[deepest].report.enabled = true
    }
    let choice = try ThresholdChoice.choose(
      exits: exits, enabled: enabled, labels: labels, costs: costs, goal: goal)
    for index in indices { self[index].report.threshold = self[index].report.enabled ? choice?.common : nil }
    return choice
  }
}
