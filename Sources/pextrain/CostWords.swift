import PexConsole
import PexTraining

/// What a policy costs, for people.
struct CostWords {
  private let outcome: PolicyOutcome
  private let fullMilliseconds: Double?

  /// - Parameter fullMilliseconds: of the whole model on this machine; nil where nobody measured.
  init(_ outcome: PolicyOutcome, fullMilliseconds: Double?) {
    (self.outcome, self.fullMilliseconds) = (outcome, fullMilliseconds)
  }

  /// `61 % of the time (0.31 of 0.50 ms here) and 55 % of the MACs`.
  var text: String {
    let macs = "\(Format.percent(outcome.meanCost)) of the MACs"
    guard let share = outcome.meanTime, let fullMilliseconds else { return macs }
    let (mean, full) = (Format.milliseconds(share * fullMilliseconds), Format.milliseconds(fullMilliseconds))
    return "\(Format.percent(share)) of the time (\(mean) of \(full) ms here) and \(macs)"
  }
}
