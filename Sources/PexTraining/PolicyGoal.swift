import Foundation
import PexTensor

/// What an exit policy is chosen for.
public enum PolicyGoal: Hashable, Sendable {
  /// The cheapest whose answers are those of the last resort: of N held-out samples at most `unlike · N - 1` may be answered
  /// otherwise (the one that is taken off is Laplace's rule of succession: fewer than fifty samples vouch for no exit at
  /// 2 %), and no more than `unlike · N` are to be expected by how sure the exits are; see ``OtherAnswers``.
  case faithful(unlike: Double)
  /// The cheapest that is at most a point less accurate than the best single exit, so far as held-out samples can tell: the
  /// samples that either of both alone answers right are counted against each other (McNemar 1947), with a doubt of a
  /// twentieth.
  case nearBest
  /// The cheapest whose accuracy is at least this share, so far as held-out samples can vouch for it: the lower bound of
  /// Clopper and Pearson (1934) at that confidence, 0 to 1.
  case accuracy(Double, confidence: Double)
  /// The most accurate whose mean cost on held-out samples is at most this share of the whole model's: of its time where times
  /// are measured, else of its multiply-accumulates.
  case cost(Double)
  /// The most accurate whose mean time on held-out samples is at most so many milliseconds.
  case latency(milliseconds: Double)
  /// The cheapest whose error rate on new samples is at most this share, on average over draws of the held-out samples:
  /// conformal risk control (Angelopoulos et al. 2022, arXiv 2208.02814).
  case risk(Double)

  /// Whether accuracy is sought within a cost, rather than the lowest cost of what is good enough.
  var limitsCost: Bool {
    switch self {
    case .cost, .latency: true
    case .faithful, .nearBest, .accuracy, .risk: false
    }
  }

  /// What ``nearBest`` gives up.
  static let near = 0.01
  /// Shares of samples that ``faithful(unlike:)`` may answer unlike the last resort: the bold one where held-out samples bear it
  /// out; the smallest where they have to bear out the careful one with a margin, which a policy that was chosen for just that
  /// share never leaves.
  static let (boldlyUnlike, carefullyUnlike, leastUnlike) = (0.025, 0.01, 0.004)

  /// - Throws: ``PexError`` (usage) when a number is out of range.
  public func validate() throws {
    switch self {
    case .faithful(let unlike):
      guard (0...1).contains(unlike) else {
        throw PexError(.usage, "a share of other answers must lie in 0...1, found \(unlike)")
      }
    case .nearBest: break
    case .accuracy(let target, let confidence):
      guard (0...1).contains(target) else {
        throw PexError(.usage, "a target accuracy must lie in 0...1, found \(target)")
      }
      guard confidence > 0, confidence < 1 else {
        throw PexError(.usage, "a confidence must lie between 0 and 1, found \(confidence)")
      }
    case .cost(let limit):
      guard limit > 0, limit.isFinite else {
        throw PexError(.usage, "a target cost must be a share of the model's above 0, found \(limit)")
      }
    case .latency(let limit):
      guard limit > 0, limit.isFinite else {
        throw PexError(.usage, "a target latency must be above 0 milliseconds, found \(limit)")
      }
    case .risk(let risk):
      guard risk > 0, risk < 1 else { throw PexError(.usage, "a risk must lie between 0 and 1, found \(risk)") }
    }
  }
}

/// The lower end of the one-sided interval of Clopper and Pearson (1934) for a share of which `successes` of `count` were
/// seen: the share for which as many or more would be seen with the probability `1 - confidence`.
func lowerBound(_ successes: Int, of count: Int, confidence: Double) -> Double {
  guard successes > 0, count > 0 else { return 0 }
  // The probability of seeing `successes` or more is the sum of these, each times share^seen (1 - share)^(count - seen).
  let terms: [(seen: Double, logarithm: Double)] = (min(successes, count)...count).map { seen in
    let arranged = lgamma(Double(count + 1)) - lgamma(Double(seen + 1)) - lgamma(Double(count - seen + 1))
    return (Double(seen), arranged)
  }
  func tail(_ share: Double) -> Double {
    var sum = 0.0
    for term in terms {
      sum += exp(term.logarithm + term.seen * log(share) + (Double(count) - term.seen) * log1p(-share))
    }
    return sum
  }
  var (low, high) = (0.0, Double(successes) / Double(count))
  if successes == count { return pow(1 - confidence, 1 / Double(count)) }
  for _ in 0..<40 {
    let middle = (low + high) / 2
    if tail(middle) < 1 - confidence { low = middle } else { high = middle }
  }
  return low
}

/// The fewest of `count` samples that must be right for ``lowerBound(_:of:confidence:)`` to reach `target`; more than
/// `count` when even all are too few.
func fewestRight(for target: Double, of count: Int, confidence: Double) -> Int {
  var (low, high) = (0, count + 1)
  while low < high {
    let middle = (low + high) / 2
    if lowerBound(middle, of: count, confidence: confidence) >= target { high = middle } else { low = middle + 1 }
  }
  return low
}
