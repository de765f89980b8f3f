import PexTensor

/// Its input, unchanged. Importers write it for what does nothing at inference (ONNX `Identity`, `Dropout`); the
/// canonical graph has it only where one value is given out twice.
public struct Identity: OperationPayload {
  public static let code = 14
  public static let mnemonic = "identity"

  /// An identity.
  public init() {}

  public var attributes: [Attribute] { [] }

  public init(from reader: inout AttributeReader) throws {}

  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] { inputs }
}
