import Foundation
import PexTensor

/// How often a person meets each class, estimated from a classifier's logits without any label.
///
/// Expectation maximisation (Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier to new a
/// priori probabilities"): samples are weighed by the shares, the shares are the mean of what samples then say. Classes
/// that never explain a sample better than others lose their share on the way, so the shares also say which classes a
/// person has.
public struct ClassPrior: Hashable, Sendable {
  /// A share of at least 0 for every class; they sum to 1.
  public let shares: [Float]

  /// Estimates the shares from the logits of some samples.
  ///
  /// - Parameters:
  ///   - logits: of a classifier for which all classes are as frequent, one row a sample.
  ///   - temperature: what the logits are divided by; positive. Well below 1 samples are nearly counted by their answers, which
  ///     errs less where the classifier is unsure than taking its doubts at their word.
  ///   - pseudoCount: how many samples of every class are added, whatever the samples say; at least 0.
  /// - Throws: ``PexError`` (malformed) when there are no samples.
  public init(estimating logits: LogitTable, temperature: Float = 1, pseudoCount: Double = 0) throws {
    guard logits.count > 0 else { throw PexError(.malformed, "no samples to estimate the classes from") }
    let classes = logits.classes
    let likelihoods = Self.likelihoods(logits, temperature: temperature)
    var shares = [Double](repeating: 1 / Double(classes), count: classes)
    for _ in 0..<Self.rounds {
      var next = [Double](repeating: 0, count: classes)
      for sample in 0..<logits.count {
        let row = likelihoods[sample * classes..<(sample + 1) * classes]
        let total = zip(row, shares).reduce(0) { $0 + $1.0 * $1.1 }
        for (index, likelihood) in row.enumerated() { next[index] += likelihood * shares[index] / total }
      }
      let all = Double(logits.count) + pseudoCount * Double(classes)
      for index in next.indices { next[index] = (next[index] + pseudoCount) / all }
      let change = zip(next, shares).reduce(0) { $0 + abs($1.0 - $1.1) }
      shares = next
      if change < 1e-6 { break }
    }
    self.shares = shares.map(Float.init)
  }

  /// A prior given by its shares, which are scaled to sum to 1.
  /// - Throws: ``PexError`` (malformed) when a share is negative or not finite, or all are 0.
  public init(_ shares: [Float]) throws {
    let sum = shares.reduce(0, +)
    guard shares.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else {
      throw PexError(.malformed, "shares of classes must be at least 0 and not all 0, found the sum \(sum)")
    }
    self.shares = shares.map { $0 / sum }
  }

  /// The same where the most frequent class counts for no more than `times` the second, at least 1: a week's pictures show
  /// which classes there are, and much less how often each will be met.
  public func evened(atMost times: Float) throws -> ClassPrior {
    let ranked = shares.sorted(by: >)
    guard ranked.count > 1, ranked[1] > 0 else { return self }
    return try ClassPrior(shares.map { min($0, times * ranked[1]) })
  }

  /// More rounds change nothing that a person would notice.
  private static let rounds = 500

  /// The classes that the person meets: those with at least `part` of the share that each would have if the person's
  /// classes, counted by the entropy of the shares, were all as frequent. At least two.
  public func classes(atLeast part: Double = 0.2) -> [Int] {
    let entropy = shares.reduce(0.0) { $1 > 0 ? $0 - Double($1) * log(Double($1)) : $0 }
    let limit = part / exp(entropy)
    let ranked = shares.indices.sorted { (shares[$1], $0) < (shares[$0], $1) }
    let kept = ranked.filter { Double(shares[$0]) >= limit }
    return (kept.count >= 2 ? kept : Array(ranked.prefix(2))).sorted()
  }

  /// The prior of some classes alone, in their order.
  /// - Throws: ``PexError`` (malformed) when none of them has a share.
  public func limited(to classes: [Int]) throws -> ClassPrior { try ClassPrior(classes.map { shares[$0] }) }

  /// For every sample numbers in proportion to `p(sample | class)`.
  private static func likelihoods(_ logits: LogitTable, temperature: Float) -> [Double] {
    (0..<logits.count).flatMap { sample in
      let row = logits.row(sample)
      let largest = row.max() ?? 0
      return row.map { exp(Double(($0 - largest) / temperature)) }
    }
  }
}
