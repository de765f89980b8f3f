import PexTensor

/// Normalisation by stored statistics (Ioffe and Szegedy 2015, inference form; ONNX `BatchNormalization`).
///
/// Inputs: `x [N, C, …]`, then `scale`, `shift`, `mean`, `variance`, each `[C]`.
/// `y = scale * (x - mean) / sqrt(variance + epsilon) + shift`.
public struct BatchNormalization: OperationPayload {
  public static let code = 4
  public static let mnemonic = "batch_normalization"

  /// Added to the variance; at least 0 and finite.
  public var epsilon: Double

  /// A batch normalisation.
  public init(epsilon: Double) { self.epsilon = epsilon }

  public var attributes: [Attribute] { [Attribute("epsilon", .float(epsilon))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { epsilon = try reader.float("epsilon") }

  public var inputCount: ClosedRange<Int> { 5...5 }
  public var parameterInputs: Range<Int> { 1..<5 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    guard inputs[0].rank >= 2, epsilon >= 0, epsilon.isFinite else {
      throw PexError(
        .malformed, "batch normalization: expected an input [N,C,…] and epsilon >= 0, found \(inputs[0]), \(epsilon)")
    }
    let channels = inputs[0].dimensions[1]
    guard inputs.dropFirst().allSatisfy({ $0.dimensions == [channels] }) else {
      throw PexError(
        .malformed,
        "batch normalization: expected statistics [\(channels)], found \(inputs.dropFirst().map(\.description))")
    }
    return [inputs[0]]
  }
}
