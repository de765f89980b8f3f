import PexTensor

/// Its input, unchanged. Importers write it for what does nothing at inference (ONNX `Identity`, `Dropout`); the
/// canonical graph has it only where one value is given out twice.
public struct Identity: OperationPayload {
  public static let code = 14
  public static let mnemonic = "identity"

  /// An identity.
  public init() {}

  public var attributes: [Attribute] { [] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {}

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] { inputs }
}
