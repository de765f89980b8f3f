import PexTensor

/// The position of the largest element along one axis, from 0 (ONNX `ArgMax`). The result is i64.
public struct ArgMax: OperationPayload {
  public static let code = 22
  public static let mnemonic = "arg_max"
  /// Positions up to here are exact in f32, in which a run computes.
  private static let extentLimit = 1 << 24

  /// The axis, counted from the front; never the batch.
  public var axis: Int
  /// Whether the axis stays as an extent of 1.
  public var keepsAxis: Bool
  /// Of equal elements the last rather than the first.
  public var takesLast: Bool

  /// Positions along `axis`.
  public init(axis: Int, keepsAxis: Bool, takesLast: Bool = false) {
    self.axis = axis
    self.keepsAxis = keepsAxis
    self.takesLast = takesLast
  }

  public var attributes: [Attribute] {
    [
      Attribute("axis", .integer(axis)), Attribute("keeps_axis", .integer(keepsAxis ? 1 : 0)),
      Attribute("takes_last", .integer(takesLast ? 1 : 0)),
    ]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    axis = try reader.integer("axis")
    keepsAxis = try reader.flag("keeps_axis")
    takesLast = try reader.flag("takes_last")
  }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    var dimensions = inputs[0].dimensions
    guard dimensions.indices.contains(axis), case .fixed(let extent) = dimensions[axis],
      (1...Self.extentLimit).contains(extent)
    else {
      throw PexError(.malformed, "arg max: there is no axis \(axis) of 1…2^24 elements within a sample of \(inputs[0])")
    }
    if keepsAxis { dimensions[axis] = 1 } else { dimensions.remove(at: axis) }
    return [ValueType(.int64, dimensions)]
  }
}
