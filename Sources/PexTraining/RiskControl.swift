import PexTensor

/// Conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster 2022, arXiv 2208.02814) of an exit policy.
///
/// The theorem asks for losses that never rise with the threshold. Whether a policy errs on a sample is no such loss: a
/// shallow exit may be right where a deeper one is wrong. So a sample's loss at a threshold is 1 from the first error on
/// that it meets on the way down from the last resort to that threshold (the supremum over all thresholds that are
/// stricter), 0 before. It is never below the error itself. The lowest threshold at which the sum over `n` samples is at
/// most `risk (n + 1) - 1` then errs on a new sample, on average over draws of these `n`, with at most that risk; when
/// there is no such threshold nothing is promised and nothing should be used.
package enum RiskControl {
  /// How many of `count` samples may be lost; negative when none may and even that is not enough.
  package static func mostLosses(risk: Double, count: Int) -> Int {
    // Rounding must not take away a sample: the comparison decides.
    var losses = Int((risk * Double(count + 1)).rounded(.down))
    while Double(losses + 1) <= risk * Double(count + 1) { losses += 1 }
    while losses >= 0, Double(losses + 1) > risk * Double(count + 1) { losses -= 1 }
    return losses
  }

  /// The fewest samples that could vouch for a risk of which so large a share is lost in any case; nil when no number could.
  package static func samplesNeeded(risk: Double, lost: Double = 0) -> Int? {
    guard risk > lost else { return nil }
    // lost n + 1 <= risk (n + 1)
    let needed = ((1 - risk) / (risk - lost) - 1e-9).rounded(.up)
    return needed < 1e15 ? Int(max(0, needed)) : nil
  }

  /// Refuses a risk that so few samples cannot vouch for, whatever they say.
  /// - Throws: ``PexError`` (malformed) with the number of samples that it takes.
  package static func require(_ count: Int, for risk: Double) throws {
    let needed = max(ThresholdChoice.fewestSamples, samplesNeeded(risk: risk) ?? Int.max)
    guard count >= needed else {
      throw PexError(
        .malformed, "a risk of at most \(risk) takes \(needed) held-out samples at least, found \(count)",
        hint: "give more samples, or a risk of \(roundedUp(1 / Double(count + 1))) or more")
    }
  }

  /// The refusal when even the last resort loses too many samples.
  static func refusal(risk: Double, accuracy: Double, of count: Int) -> PexError {
    let lost = count - Int((accuracy * Double(count)).rounded())
    let share = 1 - accuracy
    let needed = samplesNeeded(risk: risk, lost: share)
    return PexError(
      .malformed,
      "no exit policy has a risk of at most \(risk): the last resort errs on \(lost) of \(count) held-out samples",
      hint: needed.map { "at this rate it takes about \($0) held-out samples" }
        ?? "no number of samples helps: the risk must be above \(roundedUp(share))")
  }

  private static func roundedUp(_ share: Double) -> Double { (share * 1000).rounded(.up) / 1000 }
}
