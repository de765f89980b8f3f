import PexTensor

/// What every kind of operation tells about itself. One conforming type a file in `Operations/`.
///
/// Codes, versions, attribute names and their order are part of the bundle format (`Schemas/BUNDLE.md`).
public protocol OperationPayload: Hashable, Sendable {
  /// The permanent number of this operation in files.
  static var code: Int { get }
  /// Raised whenever the meaning of the attributes changes.
  static var version: Int { get }
  /// The word in the text form.
  static var mnemonic: String { get }

  /// The first version of the bundle format that knows the operation with these settings.
  var formatVersion: Int { get }

  /// Every setting, always all of them and in this order.
  var attributes: [Attribute] { get }
  /// The payload with the given settings.
  /// - Throws: ``PexError`` (malformed) when a setting is missing, of the wrong type or out of range.
  init(from reader: inout AttributeReader) throws

  /// How many inputs it takes.
  var inputCount: ClosedRange<Int> { get }
  /// Which inputs are learned numbers rather than activations, where they are constants.
  var parameterInputs: Range<Int> { get }
  /// The types of the outputs for inputs of the given types. The number of inputs has been checked.
  /// - Throws: ``PexError`` (malformed) when the types do not fit the operation.
  func outputTypes(of inputs: [ValueType]) throws -> [ValueType]
  /// Multiply-accumulates for one sample. Only convolutions and matrix products have any.
  func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int
  /// How many products are summed into one output element: what the rounding error to expect grows with.
  func accumulationLength(inputs: [ValueType]) -> Int
}

extension OperationPayload {
  public static var version: Int { 1 }
  public var formatVersion: Int { 1 }
  public var inputCount: ClosedRange<Int> { 1...1 }
  public var parameterInputs: Range<Int> { 0..<0 }
  /// Multiply-accumulates for one sample.
  public func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int { 0 }
  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int { 1 }
}

/// Multiplies counts, staying at `Int.max` where the product does not fit.
func saturatingProduct(_ factors: [Int]) -> Int {
  factors.reduce(1) { product, factor in
    let (value, overflow) = product.multipliedReportingOverflow(by: factor)
    return overflow ? Int.max : value
  }
}

extension [ValueType] {
  /// Checks that all inputs are floating-point and of one type.
  /// - Throws: ``PexError`` (malformed).
  func requireFloats() throws {
    guard let first, first.dtype.isFloat, allSatisfy({ $0.dtype == first.dtype }) else {
      throw PexError(
        .malformed, "expected floating-point inputs of one type, found \(map(\.description).joined(separator: ", "))")
    }
  }
}
