import PexTensor

/// Maximum or average over all spatial axes, which stay as extents of 1 (ONNX `GlobalMaxPool`, `GlobalAveragePool`).
///
/// Input: `[N, C, spatial…]`. Output: `[N, C, 1…]`.
public struct GlobalPooling: OperationPayload {
  public static let code = 3
  public static let mnemonic = "global_pooling"

  /// What is taken of every channel.
  public var kind: Pooling.Kind

  /// A global pooling.
  public init(kind: Pooling.Kind) { self.kind = kind }

  public var attributes: [Attribute] { [Attribute("kind", .word(kind.rawValue))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { kind = try reader.choice("kind") }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    guard let map = inputs[0].featureMap, map.spatial.allSatisfy({ $0 > 0 }) else {
      throw PexError(.malformed, "global pooling: expected an input [N,C,spatial…], found \(inputs[0])")
    }
    return [ValueType(inputs[0].dtype, inputs[0].dimensions.prefix(2) + map.spatial.map { _ in 1 })]
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int {
    saturatingProduct(Array(inputs[0].perSample.dropFirst(2)))
  }
}
