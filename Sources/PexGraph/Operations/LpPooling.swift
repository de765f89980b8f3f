import PexTensor

/// The p-norm of every sliding window, `(Σ |x|^p)^(1/p)` (ONNX `LpPool`). The padding counts as zeros.
///
/// Input: `[N, C, spatial…]`. Output: the same with one element a window position.
public struct LpPooling: OperationPayload {
  public static let code = 16
  public static let mnemonic = "lp_pooling"

  /// p; positive and finite.
  public var exponent: Double
  /// The sliding window.
  public var window: Window

  /// A pooling by p-norms.
  public init(exponent: Double, window: Window) {
    self.exponent = exponent
    self.window = window
  }

  public var attributes: [Attribute] { [Attribute("exponent", .float(exponent))] + window.attributes }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    exponent = try reader.float("exponent")
    window = try Window(from: &reader)
  }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    guard let map = inputs[0].featureMap, exponent > 0, exponent.isFinite else {
      throw PexError(
        .malformed, "lp pooling: expected an input [N,C,spatial…] and p > 0, found \(inputs[0]) and \(exponent)")
    }
    let axes = try window.axes(over: map.spatial)
    return [ValueType(inputs[0].dtype, inputs[0].dimensions.prefix(2) + axes.map { .fixed($0.output) })]
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int { saturatingProduct(window.kernel) }
}
