import PexTensor

/// Fully connected layer, `y = x · weightᵀ + bias` (ONNX `Gemm` once its factors and transpositions are folded).
///
/// Inputs: `x [N, K]`, `weight [M, K]`, and optionally `bias [M]`. Output: `[N, M]`.
public struct Linear: OperationPayload {
  public static let code = 5
  public static let mnemonic = "linear"

  /// A fully connected layer.
  public init() {}

  public var attributes: [Attribute] { [] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {}

  public var inputCount: ClosedRange<Int> { 2...3 }
  public var parameterInputs: Range<Int> { 1..<3 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let (x, weight) = (inputs[0], inputs[1])
    guard x.rank == 2, weight.rank == 2, !weight.hasBatch, x.dimensions[1] == weight.dimensions[1] else {
      throw PexError(.malformed, "linear: a weight \(weight) does not fit an input \(x)")
    }
    if inputs.count == 3, inputs[2].dimensions != [weight.dimensions[0]] {
      throw PexError(.malformed, "linear: expected a bias [\(weight.dimensions[0])], found \(inputs[2])")
    }
    return [ValueType(x.dtype, [x.dimensions[0], weight.dimensions[0]])]
  }

  /// Multiply-accumulates for one sample.
  public func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int {
    saturatingProduct(outputs[0].perSample + [accumulationLength(inputs: inputs)])
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int { inputs[1].perSample[1] }
}
