import PexTensor

/// One of two elements, by a condition: the first where the condition is not 0, else the second (ONNX `Where`).
///
/// Inputs: `condition`, `first`, `second`, with multidirectional broadcasting.
public struct Choice: OperationPayload {
  public static let code = 25
  public static let mnemonic = "choice"

  /// A choice.
  public init() {}

  public var attributes: [Attribute] { [] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {}

  public var formatVersion: Int { 4 }
  public var inputCount: ClosedRange<Int> { 3...3 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let both = try Binary.broadcast(inputs[1].dimensions, inputs[2].dimensions)
    return [ValueType(inputs[0].dtype, try Binary.broadcast(inputs[0].dimensions, both))]
  }
}
