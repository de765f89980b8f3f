import PexGraph
import PexTensor

/// Arithmetic on extents. The batch may pass through where it stays itself; what would make another number of it is
/// refused, and the model is then imported with its batch fixed.
enum ShapeArithmetic {
  /// A function of two extents; nil where the result is no extent.
  typealias Function = @Sendable (Dimension, Dimension) -> Dimension?

  static let add: Function = { exact($0, $1, neutral: 0, commutes: true) { $0.addingReportingOverflow($1) } }
  static let subtract: Function = {
    exact($0, $1, neutral: 0, commutes: false) { $0.subtractingReportingOverflow($1) }
  }
  static let multiply: Function = {
    exact($0, $1, neutral: 1, commutes: true) { $0.multipliedReportingOverflow(by: $1) }
  }
  /// Rounds towards zero, as integer `Div` does; a zero divisor gives nothing.
  static let divide: Function = { exact($0, $1, neutral: 1, commutes: false) { $0.dividedReportingOverflow(by: $1) } }

  /// Combines two lists element by element; one element counts for all.
  /// - Throws: ``PexError`` (unsupported) when the batch enters a number, (malformed) when lengths differ or a number
  ///   overflows.
  static func combine(_ left: ShapeVector, _ right: ShapeVector, _ function: Function) throws -> ShapeVector {
    let (a, b) = (left.elements, right.elements)
    guard a.count == b.count || a.count == 1 || b.count == 1 else {
      throw PexError(.malformed, "lists of \(a.count) and \(b.count) integers do not fit each other")
    }
    let count = a.isEmpty || b.isEmpty ? 0 : max(a.count, b.count)
    let elements = try (0..<count).map { index in
      let pair = (a[a.count == 1 ? 0 : index], b[b.count == 1 ? 0 : index])
      guard let result = function(pair.0, pair.1) else {
        let isMixed = pair.0 == .batch || pair.1 == .batch
        throw PexError(
          isMixed ? .unsupported : .malformed,
          isMixed ? "it computes with the batch" : "\(pair.0) and \(pair.1) have no result")
      }
      return result
    }
    return try ShapeVector(elements, isScalar: left.isScalar && right.isScalar)
  }

  private static func exact(
    _ left: Dimension, _ right: Dimension, neutral: Int, commutes: Bool,
    _ function: (Int, Int) -> (partialValue: Int, overflow: Bool)
  ) -> Dimension? {
    switch (left, right) {
    case (.fixed(let a), .fixed(let b)):
      let (value, overflow) = function(a, b)
      return overflow ? nil : .fixed(value)
    case (.batch, .fixed(neutral)): return .batch
    case (.fixed(neutral), .batch): return commutes ? .batch : nil
    case (.batch, _), (_, .batch): return nil
    }
  }
}
