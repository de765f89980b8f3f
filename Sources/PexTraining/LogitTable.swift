import Foundation
import PexHeads
import PexTensor

/// The logits of one exit for some samples, one row a sample.
public struct LogitTable: Hashable, Sendable {
  /// Numbers a row.
  public let classes: Int
  /// All rows, one after the other.
  public let values: [Float]
  /// How often each class occurs, which losses and predictions weigh the logits by; nil: one as often as another.
  public let prior: [Float]?

  /// A table of rows of `classes` numbers.
  /// - Parameter prior: a share of at least 0 for every class, or nil.
  /// - Throws: ``PexError``: defect when `values` is no whole number of rows or the prior is of other classes, malformed
  ///   when a number is not finite.
  public init(classes: Int, values: [Float], prior: [Float]? = nil) throws {
    guard classes > 0, values.count % classes == 0 else {
      throw PexError(.defect, "\(values.count) logits are no rows of \(classes)")
    }
    guard prior.map({ $0.count == classes }) ?? true else { throw PexError(.defect, "a prior of other classes") }
    guard values.allSatisfy(\.isFinite) else { throw PexError(.malformed, "logits that are not finite numbers") }
    self.classes = classes
    self.values = values
    self.prior = prior
  }

  /// The number of rows.
  public var count: Int { values.count / classes }

  /// The logits of one sample. `row` must be below ``count``.
  public func row(_ row: Int) -> ArraySlice<Float> { values[row * classes..<(row + 1) * classes] }

  /// Some of the rows, in the given order.
  /// - Throws: ``PexError`` (defect) when there is no such row.
  public func selected(_ rows: [Int]) throws -> LogitTable {
    guard rows.allSatisfy((0..<count).contains) else { throw PexError(.defect, "rows beyond a table of \(count)") }
    return try LogitTable(classes: classes, values: rows.flatMap { row($0) }, prior: prior)
  }

  /// The share of samples whose largest logit (the first of equals) is the label's; 0 without samples.
  /// - Throws: ``PexError`` (defect) when there are not as many labels as rows.
  public func accuracy(_ labels: [Int]) throws -> Double {
    try Predictions(self).accuracy(labels)
  }

  /// The columns of some classes, in the given order, weighed by a prior of these.
  /// - Throws: ``PexError`` (defect) when there is no such class.
  public func limited(to columns: [Int], prior: [Float]? = nil) throws -> LogitTable {
    guard columns.allSatisfy((0..<classes).contains) else {
      throw PexError(.defect, "classes \(columns) of a table of \(classes)")
    }
    let limited = (0..<count).flatMap { sample in columns.map { self.values[sample * classes + $0] } }
    return try LogitTable(classes: columns.count, values: limited, prior: prior)
  }

  /// The mean cross-entropy in nats of `softmax(logits / temperature + log(prior))`; 0 without samples.
  /// - Throws: ``PexError``: defect when there are not as many labels as rows, malformed when a label is no class.
  public func loss(_ labels: [Int], temperature: Double = 1) throws -> Double {
    try count == 0 ? 0 : losses(labels, temperature: temperature).reduce(0, +) / Double(count)
  }

  /// The cross-entropy in nats of every sample.
  /// - Throws: as ``loss(_:temperature:)`` does.
  func losses(_ labels: [Int], temperature: Double = 1) throws -> [Double] {
    guard labels.count == count else { throw PexError(.defect, "\(labels.count) labels for \(count) samples") }
    let logPrior = prior.map { $0.map { log(Double($0)) } } ?? [Double](repeating: 0, count: classes)
    return try values.withUnsafeBufferPointer { values in
      try labels.enumerated().map { sample, label in
        guard (0..<classes).contains(label) else {
          throw PexError(.malformed, "sample \(sample): label \(label) where there are \(classes) classes")
        }
        let row = UnsafeBufferPointer(rebasing: values[sample * classes..<(sample + 1) * classes])
        func weighed(_ index: Int) -> Double { Double(row[index]) / temperature + logPrior[index] }
        var largest = -Double.infinity
        for index in row.indices { largest = max(largest, weighed(index)) }
        var total = 0.0
        for index in row.indices { total += exp(weighed(index) - largest) }
        return log(total) + largest - weighed(label)
      }
    }
  }
}
