import PexTensor

/// A convolution of whole numbers that is exact (ONNX `ConvInteger`, and what `QLinearConv` has inside).
///
/// Inputs and output as a ``Convolution``'s, all whole numbers. Sums of products, in any order, stay below 2^24, which f32
/// holds: who makes the node sees to that. So no algorithm may be used that computes anything but products and their
/// sums: those that transform tiles would round.
public struct IntegerConvolution: OperationPayload {
  public static let code = 27
  public static let mnemonic = "integer_convolution"

  /// The convolution.
  public var convolution: Convolution

  /// An exact convolution.
  public init(_ convolution: Convolution) { self.convolution = convolution }

  public var attributes: [Attribute] { convolution.attributes }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { convolution = try Convolution(from: &reader) }

  public var formatVersion: Int { 8 }
  public var inputCount: ClosedRange<Int> { convolution.inputCount }
  public var parameterInputs: Range<Int> { convolution.parameterInputs }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] { try convolution.outputTypes(of: inputs) }

  /// Multiply-accumulates for one sample.
  public func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int {
    convolution.multiplyAccumulates(inputs: inputs, outputs: outputs)
  }
}
