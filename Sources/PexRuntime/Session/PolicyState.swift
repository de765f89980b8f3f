import Foundation
import PexBundle

/// Follows one sample through its exits and says when a policy is content.
///
/// Confidence and entropy are those of BranchyNet (Teerapittayanon et al. 2016, arXiv 1709.01686), entropy in nats;
/// patience counts exits in a row that agree (after PABEE, Zhou et al. 2020, arXiv 2006.04152).
public struct PolicyState: Sendable {
  private let policy: PolicyRecord
  private let thresholds: [Int: Float]
  private var lastClass: Int?
  private var agreeing = 0

  /// A policy at the start of a sample.
  public init(_ policy: PolicyRecord) {
    self.policy = policy
    thresholds = Dictionary(policy.thresholds.map { ($0.exit, $0.threshold) }, uniquingKeysWith: { first, _ in first })
  }

  /// Whether the sample stops here.
  ///
  /// - Parameters:
  ///   - exit: the exit's number.
  ///   - probabilities: of its classes, calibrated; exits are given in order of depth.
  public mutating func isContent(exit: Int, probabilities: [Float]) -> Bool {
    let threshold = thresholds[exit] ?? policy.value
    guard probabilities.allSatisfy(\.isFinite) else { return false }
    switch policy.kind {
    case .confidence: return probabilities.max() ?? 0 >= threshold
    case .entropy: return probabilities.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 } <= threshold
    case .margin:
      let largest = probabilities.max() ?? 0
      let place = probabilities.firstIndex(of: largest)
      let second = probabilities.indices.filter { $0 != place }.map { probabilities[$0] }.max() ?? 0
      return largest - second >= threshold
    case .patience:
      let answer = probabilities.indices.max { probabilities[$0] < probabilities[$1] }
      agreeing = answer == lastClass ? agreeing + 1 : 1
      lastClass = answer
      return Float(agreeing) >= threshold
    }
  }
}
