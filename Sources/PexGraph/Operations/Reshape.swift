import PexTensor

/// The same elements in row-major order under other extents (ONNX `Reshape`, `Flatten`, `Squeeze`, `Unsqueeze`).
///
/// The batch stays where it is: a sample's elements never move to another sample.
public struct Reshape: OperationPayload {
  public static let code = 9
  public static let mnemonic = "reshape"

  /// The extents of the output, fully known apart from the batch.
  public var dimensions: [Dimension]

  /// A reshaping.
  public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }

  public var attributes: [Attribute] { [Attribute("shape", .dimensions(dimensions))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { dimensions = try reader.dimensions("shape") }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    let output = ValueType(inputs[0].dtype, dimensions)
    try output.validate()
    let (found, expected) = (try output.sampleShape().count, try inputs[0].sampleShape().count)
    guard output.hasBatch == inputs[0].hasBatch, found == expected else {
      throw PexError(.malformed, "reshape: \(inputs[0]) has not as many elements as \(output)")
    }
    return [output]
  }
}
