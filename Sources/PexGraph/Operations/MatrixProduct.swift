import PexTensor

/// Products of matrices, as many as the leading axes have elements, with broadcasting as NumPy's `matmul` defines it
/// (ONNX `MatMul`).
///
/// Inputs: `a […, M, K]` and `b […, K, L]`, at least two axes each. Output: `[…, M, L]`.
public struct MatrixProduct: OperationPayload {
  public static let code = 23
  public static let mnemonic = "matrix_product"

  /// A matrix product.
  public init() {}

  public var attributes: [Attribute] { [] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {}

  public var formatVersion: Int { 4 }
  public var inputCount: ClosedRange<Int> { 2...2 }
  public var parameterInputs: Range<Int> { 0..<2 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let (a, b) = (inputs[0], inputs[1])
    guard a.rank >= 2, b.rank >= 2, a.dimensions[a.rank - 1] == b.dimensions[b.rank - 2], b.rank > 2 || !b.hasBatch
    else { throw PexError(.malformed, "matrix product: \(a) and \(b) do not fit each other") }
    let leading = try Binary.broadcast(Array(a.dimensions.dropLast(2)), Array(b.dimensions.dropLast(2)))
    return [ValueType(a.dtype, leading + [a.dimensions[a.rank - 2], b.dimensions[b.rank - 1]])]
  }

  /// Multiply-accumulates for one sample.
  public func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int {
    saturatingProduct(outputs[0].perSample + [accumulationLength(inputs: inputs)])
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int { inputs[0].perSample.last ?? 1 }
}
