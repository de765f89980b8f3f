import PexTensor

/// Maximum or average over a sliding window (ONNX `MaxPool`, `AveragePool`).
///
/// Input: `[N, C, spatial…]`. Output: the same with one element a window position.
public struct Pooling: OperationPayload {
  public static let code = 2
  public static let mnemonic = "pooling"

  /// What is taken of a window.
  public enum Kind: String, CaseIterable, Sendable { case maximum, average }

  /// What is taken of a window.
  public var kind: Kind
  /// The sliding window.
  public var window: Window
  /// Whether an average divides by the padded elements too. Elements beyond the padding, reached when positions are
  /// rounded up, never count. Always false for maxima.
  public var countsPadding: Bool

  /// A pooling.
  public init(kind: Kind, window: Window, countsPadding: Bool = false) {
    self.kind = kind
    self.window = window
    self.countsPadding = countsPadding
  }

  public var attributes: [Attribute] {
    [Attribute("kind", .word(kind.rawValue))] + window.attributes
      + [Attribute("counts_padding", .integer(countsPadding ? 1 : 0))]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    kind = try reader.choice("kind")
    window = try Window(from: &reader)
    countsPadding = try reader.flag("counts_padding")
  }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    guard let map = inputs[0].featureMap else {
      throw PexError(.malformed, "pooling: expected an input [N,C,spatial…], found \(inputs[0])")
    }
    let axes = try window.axes(over: map.spatial)
    guard
      axes.allSatisfy({ $0.before < ($0.kernel - 1) * $0.dilation + 1 && $0.after < ($0.kernel - 1) * $0.dilation + 1 })
    else {
      throw PexError(.malformed, "pooling: padding must be smaller than the window, or a window would hold nothing")
    }
    return [ValueType(inputs[0].dtype, inputs[0].dimensions.prefix(2) + axes.map { .fixed($0.output) })]
  }
}
