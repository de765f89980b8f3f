import PexTensor

/// Softmax or its logarithm along one axis (ONNX `Softmax` and `LogSoftmax` from opset 13).
public struct Softmax: OperationPayload {
  public static let code = 11
  public static let mnemonic = "softmax"

  /// The axis, counted from the front; never the batch.
  public var axis: Int
  /// Whether the logarithm is taken.
  public var logarithm: Bool

  /// A softmax along `axis`.
  public init(axis: Int, logarithm: Bool = false) {
    self.axis = axis
    self.logarithm = logarithm
  }

  public var attributes: [Attribute] {
    [Attribute("axis", .integer(axis)), Attribute("logarithm", .integer(logarithm ? 1 : 0))]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    axis = try reader.integer("axis")
    logarithm = try reader.flag("logarithm")
  }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    guard inputs[0].dimensions.indices.contains(axis), inputs[0].dimensions[axis] != .batch else {
      throw PexError(.malformed, "softmax: there is no axis \(axis) within a sample of \(inputs[0])")
    }
    return inputs
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int { inputs[0].perSample[axis] }
}
