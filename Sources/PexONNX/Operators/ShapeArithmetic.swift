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

  /// Combines two arrays element by element, repeated for each other as arrays of numbers are.
  /// - Throws: ``PexError`` (unsupported) when the batch enters a number, (malformed) when a number overflows or the
  ///   extents do not fit.
  static func combine(_ left: KnownIntegers, _ right: KnownIntegers, _ function: Function) throws -> KnownIntegers {
    let extents = try broadcast(left.extents, right.extents)
    let count = try Shape(extents).count
    guard count <= KnownIntegers.countLimit else {
      throw PexError(.unsupported, "\(count) integers are too many for shape arithmetic")
    }
    let elements = try (0..<count).map { index in
      let pair = (
        left.elements[place(index, extents, in: left.extents)], right.elements[place(index, extents, in: right.extents)]
      )
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

  private static func broadcast(_ left: [Int], _ right: [Int]) throws -> [Int] {
    let rank = max(left.count, right.count)
    return try (0..<rank).map { axis in
      let (a, b) = (axis - rank + left.count, axis - rank + right.count)
      let (first, second) = (a < 0 ? 1 : left[a], b < 0 ? 1 : right[b])
      guard first == second || first == 1 || second == 1 else {
        throw PexError(.malformed, "integers of extents \(left) and \(right) cannot be combined")
      }
      return first == 1 ? second : first
    }
  }

  /// Where the element lies that is repeated at a place of an array of other extents.
  static func place(_ index: Int, _ extents: [Int], in own: [Int]) -> Int {
    guard own != extents else { return index }
    var (rest, result, stride) = (index, 0, 1)
    for axis in extents.indices.reversed() {
      let position = rest % extents[axis]
      rest /= extents[axis]
      let mine = axis - extents.count + own.count
      guard mine >= 0 else { break }
      if own[mine] > 1 { result += position * stride }
      stride *= own[mine]
    }
    return result
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
