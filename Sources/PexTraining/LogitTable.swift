import Foundation
import PexHeads
import PexTensor

/// The logits of one exit for some samples, one row a sample.
public struct LogitTable: Hashable, Sendable {
  /// Numbers a row.
  public let classes: Int
  /// All rows, one after the other.
  public let values: [Float]

  /// A table of rows of `classes` numbers.
  /// - Throws: ``PexError``: defect when `values` is no whole number of rows, malformed when a number is not finite.
  public init(classes: Int, values: [Float]) throws {
    guard classes > 0, values.count % classes == 0 else {
      throw PexError(.defect, "\(values.count) logits are no rows of \(classes)")
    }
    guard values.allSatisfy(\.isFinite) else { throw PexError(.malformed, "logits that are not finite numbers") }
    self.classes = classes
    self.values = values
  }

  /// The number of rows.
  public var count: Int { values.count / classes }

  /// The logits of one sample. `row` must be below ``count``.
  public func row(_ row: Int) -> ArraySlice<Float> { values[row * classes..<(row + 1) * classes] }

  /// The share of samples whose largest logit (the first of equals) is the label's; 0 without samples.
  /// - Throws: ``PexError`` (defect) when there are not as many labels as rows.
  public func accuracy(_ labels: [Int]) throws -> Double {
    try Predictions(self).accuracy(labels)
  }

  /// The mean cross-entropy in nats of `softmax(logits / temperature)`; 0 without samples.
  /// - Throws: ``PexError``: defect when there are not as many labels as rows, malformed when a label is no class.
  public func loss(_ labels: [Int], temperature: Double = 1) throws -> Double {
    guard labels.count == count else { throw PexError(.defect, "\(labels.count) labels for \(count) samples") }
    var sum = 0.0
    try values.withUnsafeBufferPointer { values in
      for (sample, label) in labels.enumerated() {
        guard (0..<classes).contains(label) else {
          throw PexError(.malformed, "sample \(sample): label \(label) where there are \(classes) classes")
        }
        let row = UnsafeBufferPointer(rebasing: values[sample * classes..<(sample + 1) * classes])
        var largest = -Float.infinity
        for value in row { largest = max(largest, value) }
        var total = 0.0
        for value in row { total += exp(Double(value - largest) / temperature) }
        sum += log(total) - Double(row[label] - largest) / temperature
      }
    }
    return count == 0 ? 0 : sum / Double(count)
  }
}
