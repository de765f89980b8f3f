import PexTensor

/// Division by what neighbouring channels hold at the same place (Krizhevsky et al. 2012, ONNX `LRN`):
/// `x / (bias + alpha / size * Σ x²)^beta`, the sum over `size` channels around this one, as far as they exist: from
/// `(size - 1) / 2` channels before to `size / 2` behind, each rounded down.
///
/// Input and output: `[N, C, …]`.
public struct LocalResponseNormalization: OperationPayload {
  public static let code = 17
  public static let mnemonic = "local_response_normalization"

  /// The number of channels that are summed, at least 1.
  public var size: Int
  public var alpha: Double
  public var beta: Double
  public var bias: Double

  /// A normalisation over `size` channels.
  public init(size: Int, alpha: Double, beta: Double, bias: Double) {
    (self.size, self.alpha, self.beta, self.bias) = (size, alpha, beta, bias)
  }

  public var attributes: [Attribute] {
    [
      Attribute("size", .integer(size)), Attribute("alpha", .float(alpha)), Attribute("beta", .float(beta)),
      Attribute("bias", .float(bias)),
    ]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    size = try reader.integer("size")
    alpha = try reader.float("alpha")
    beta = try reader.float("beta")
    bias = try reader.float("bias")
  }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    guard inputs[0].rank >= 2, (1...1 << 24).contains(size), alpha.isFinite, beta.isFinite, bias.isFinite else {
      throw PexError(
        .malformed,
        "local response normalization: expected an input [N,C,…], a size 1…2^24 and finite numbers, found \(inputs[0]), \(size)"
      )
    }
    return inputs
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int { size }

  /// The channels that are summed for one of `count`.
  public func neighbours(of channel: Int, count: Int) -> Range<Int> {
    max(0, channel - (size - 1) / 2)..<min(count, channel + size / 2 + 1)
  }
}
