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

  static let minimum: Function = { ordered($0, $1) { min($0, $1) } }
  static let maximum: Function = { ordered($0, $1) { max($0, $1) } }
  static let and: Function = { ordered($0, $1) { $0 != 0 && $1 != 0 ? 1 : 0 } }
  static let or: Function = { ordered($0, $1) { $0 != 0 || $1 != 0 ? 1 : 0 } }
  static let less: Function = { ordered($0, $1) { $0 < $1 ? 1 : 0 } }
  static let lessOrEqual: Function = { ordered($0, $1) { $0 <= $1 ? 1 : 0 } }
  /// The batch equals itself; of no number is it known. A negative one it cannot be.
  static let equal: Function = { left, right in
    switch (left, right) {
    case (.fixed(let a), .fixed(let b)): .fixed(a == b ? 1 : 0)
    case (.batch, .batch): .fixed(1)
    case (.batch, .fixed(let number)), (.fixed(let number), .batch): number < 0 ? .fixed(0) : nil
    }
  }
  /// With the sign of the divisor, and of the dividend.
  static let remainder: Function = { left, right in
    guard case .fixed(let a) = left, case .fixed(let b) = right, b != 0, b != -1 else { return right == -1 ? 0 : nil }
    let rest = a % b
    return .fixed(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
  }
  static let signedRemainder: Function = { left, right in
    guard case .fixed(let a) = left, case .fixed(let b) = right, b != 0, b != -1 else { return right == -1 ? 0 : nil }
    return .fixed(a % b)
  }

  /// Combines two arrays element by element; one element counts for all.
  /// - Throws: ``PexError`` (unsupported) when the batch enters a number or extents would have to be broadcast otherwise,
  ///   (malformed) when a number overflows.
  static func combine(_ left: KnownIntegers, _ right: KnownIntegers, _ function: Function) throws -> KnownIntegers {
    let (a, b) = (left.elements, right.elements)
    guard left.extents == right.extents || a.count == 1 || b.count == 1 else {
      throw PexError(.unsupported, "integers of extents \(left.extents) and \(right.extents) are not combined")
    }
    let extents =
      a.count == 1 && (b.count != 1 || right.extents.count > left.extents.count) ? right.extents : left.extents
    let elements = try (0..<extents.reduce(1, *)).map { index in
      let pair = (a[a.count == 1 ? 0 : index], b[b.count == 1 ? 0 : index])
      guard let result = function(pair.0, pair.1) else {
        let isMixed = pair.0 == .batch || pair.1 == .batch
        throw PexError(
          isMixed ? .unsupported : .malformed,
          isMixed ? "it computes with the batch" : "\(pair.0) and \(pair.1) have no result")
      }
      return result
    }
    return try KnownIntegers(elements, extents: extents)
  }

  private static func ordered(_ left: Dimension, _ right: Dimension, _ function: (Int, Int) -> Int) -> Dimension? {
    guard case .fixed(let a) = left, case .fixed(let b) = right else { return nil }
    return .fixed(function(a, b))
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
