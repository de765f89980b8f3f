import PexTensor

/// Joins values along one axis (ONNX `Concat`). At least one input.
public struct Concat: OperationPayload {
  public static let code = 8
  public static let mnemonic = "concat"

  /// The axis, counted from the front; never the batch.
  public var axis: Int

  /// A joining along `axis`.
  public init(axis: Int) { self.axis = axis }

  public var attributes: [Attribute] { [Attribute("axis", .integer(axis))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { axis = try reader.integer("axis") }

  public var inputCount: ClosedRange<Int> { 1...Int.max }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    var result = inputs[0]
    guard result.dimensions.indices.contains(axis) else {
      throw PexError(.malformed, "concat: there is no axis \(axis) in \(result)")
    }
    var total = 0
    for input in inputs {
      guard input.rank == result.rank, case .fixed(let extent) = input.dimensions[axis],
        input.dimensions.indices.allSatisfy({ $0 == axis || input.dimensions[$0] == result.dimensions[$0] })
      else {
        throw PexError(.malformed, "concat: \(input) does not fit \(inputs[0]) along axis \(axis)")
      }
      let (sum, overflow) = total.addingReportingOverflow(extent)
      guard !overflow else { throw PexError(.malformed, "concat: the extents overflow") }
      total = sum
    }
    result.dimensions[axis] = .fixed(total)
    return [result]
  }
}
