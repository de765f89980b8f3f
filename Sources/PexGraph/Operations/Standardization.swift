import PexTensor

/// Elements with their own mean and deviation taken out, `(x - mean) / sqrt(variance + epsilon)`, the statistics being
/// those of all axes from `axis` on together: what layer, group and instance normalisation have in common (ONNX
/// `LayerNormalization`, `GroupNormalization`, `InstanceNormalization`).
public struct Standardization: OperationPayload {
  public static let code = 18
  public static let mnemonic = "standardization"

  /// The first axis that the statistics are taken over, counted from the front; never the batch.
  public var axis: Int
  /// Added to the variance; at least 0 and finite.
  public var epsilon: Double

  /// A standardisation over the axes from `axis` on.
  public init(axis: Int, epsilon: Double) {
    self.axis = axis
    self.epsilon = epsilon
  }

  public var attributes: [Attribute] { [Attribute("axis", .integer(axis)), Attribute("epsilon", .float(epsilon))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    axis = try reader.integer("axis")
    epsilon = try reader.float("epsilon")
  }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    guard inputs[0].dimensions.indices.contains(axis), inputs[0].dimensions[axis] != .batch, epsilon >= 0,
      epsilon.isFinite
    else {
      throw PexError(
        .malformed,
        "standardization: expected an axis within a sample of \(inputs[0]) and epsilon >= 0, found \(axis), \(epsilon)")
    }
    return inputs
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int {
    saturatingProduct(Array(inputs[0].perSample.dropFirst(axis)))
  }
}
