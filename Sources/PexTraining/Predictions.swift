import PexHeads
import PexTensor

/// What one exit answers for some samples, and how sure it is.
public struct Predictions: Hashable, Sendable {
  /// The most probable class, the first of equals; one a sample.
  public let classes: [Int]
  /// That class's probability, `max softmax(logits / temperature + log(prior))`; one a sample.
  public let confidences: [Float]

  /// Answers that are known, with how sure they are.
  /// - Throws: ``PexError`` (defect) when there are not as many confidences as classes.
  public init(classes: [Int], confidences: [Float]) throws {
    guard classes.count == confidences.count else {
      throw PexError(.defect, "\(confidences.count) confidences for \(classes.count) answers")
    }
    (self.classes, self.confidences) = (classes, confidences)
  }

  /// The answers that follow from logits.
  /// - Parameter temperature: positive; what the logits are divided by before softmax.
  public init(_ logits: LogitTable, temperature: Float = 1) {
    var (classes, confidences): ([Int], [Float]) = ([], [])
    classes.reserveCapacity(logits.count)
    confidences.reserveCapacity(logits.count)
    for sample in 0..<logits.count {
      let row = Array(logits.row(sample))
      let probabilities = softmax(row, temperature: temperature, prior: logits.prior)
      // Probabilities round; without a prior the logits tell which is larger.
      let ranks = logits.prior == nil ? row : probabilities
      var best = 0
      for index in ranks.indices where ranks[index] > ranks[best] { best = index }
      classes.append(best)
      confidences.append(probabilities[best])
    }
    self.classes = classes
    self.confidences = confidences
  }

  fileprivate init(_ all: Predictions, _ positions: [Int]) {
    classes = positions.map { all.classes[$0] }
    confidences = positions.map { all.confidences[$0] }
  }

  /// The number of samples.
  public var count: Int { classes.count }

  /// The share of samples that are answered right; 0 without samples.
  /// - Throws: ``PexError`` (defect) when there are not as many labels as samples.
  public func accuracy(_ labels: [Int]) throws -> Double {
    guard labels.count == count else { throw PexError(.defect, "\(labels.count) labels for \(count) samples") }
    guard count > 0 else { return 0 }
    return Double(zip(classes, labels).count { $0 == $1 }) / Double(count)
  }
}

extension Predictions {
  /// The answers for some of the samples, in the given order. Positions must be below ``count``.
  func selected(_ positions: [Int]) -> Predictions {
    Predictions(self, positions)
  }

  /// Whether more samples are answered right than by always naming the most frequent label.
  /// - Throws: ``PexError`` (defect) when there are not as many labels as samples.
  public func beatChance(_ labels: [Int]) throws -> Bool {
    let frequencies = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
    let chance = Double(frequencies.values.max() ?? 0) / Double(max(labels.count, 1))
    return try accuracy(labels) > chance
  }
}
