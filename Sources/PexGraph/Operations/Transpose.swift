import PexTensor

/// The same elements with the axes in another order (ONNX `Transpose`). The batch stays in front.
public struct Transpose: OperationPayload {
  public static let code = 10
  public static let mnemonic = "transpose"

  /// For every output axis, the input axis that it is.
  public var permutation: [Int]

  /// A reordering of axes.
  public init(_ permutation: [Int]) { self.permutation = permutation }

  public var attributes: [Attribute] { [Attribute("permutation", .integers(permutation))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { permutation = try reader.integers("permutation") }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    let input = inputs[0]
    guard permutation.sorted() == Array(0..<input.rank) else {
      throw PexError(.malformed, "transpose: \(permutation) is not an order of the \(input.rank) axes of \(input)")
    }
    let output = ValueType(input.dtype, permutation.map { input.dimensions[$0] })
    try output.validate()
    return [output]
  }
}
