import PexTensor

/// Convolution over any number of spatial axes, grouped or not (ONNX `Conv`).
///
/// Inputs: `x [N, C, spatial…]`, `weight [M, C / groups, kernel…]`, and optionally `bias [M]`.
/// Output: `[N, M, spatial…]`.
public struct Convolution: OperationPayload {
  public static let code = 1
  public static let mnemonic = "convolution"

  /// The sliding window; its kernel equals the weight's spatial extents.
  public var window: Window
  /// Groups of channels that do not see each other; divides both channel counts.
  public var groups: Int

  /// A convolution.
  public init(window: Window, groups: Int = 1) {
    self.window = window
    self.groups = groups
  }

  public var attributes: [Attribute] { window.attributes + [Attribute("groups", .integer(groups))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    window = try Window(from: &reader)
    groups = try reader.integer("groups")
  }

  public var inputCount: ClosedRange<Int> { 2...3 }
  public var parameterInputs: Range<Int> { 1..<3 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let (x, weight) = (inputs[0], inputs[1])
    guard let map = x.featureMap else {
      throw PexError(.malformed, "convolution: expected an input [N,C,spatial…], found \(x)")
    }
    guard weight.rank == x.rank, !weight.hasBatch, !window.roundsUp else {
      throw PexError(.malformed, "convolution: expected a weight of rank \(x.rank), found \(weight)")
    }
    let outputs = weight.perSample[0]
    guard groups >= 1, map.channels % groups == 0, outputs % groups == 0, outputs > 0,
      weight.perSample[1] == map.channels / groups
    else {
      throw PexError(
        .malformed,
        "convolution: weight \(weight) with \(groups) groups does not fit an input of \(map.channels) channels")
    }
    guard Array(weight.perSample.dropFirst(2)) == window.kernel else {
      throw PexError(.malformed, "convolution: kernel \(window.kernel) differs from the weight \(weight)")
    }
    if inputs.count == 3, inputs[2].dimensions != [.fixed(outputs)] {
      throw PexError(.malformed, "convolution: expected a bias [\(outputs)], found \(inputs[2])")
    }
    let spatial = try window.axes(over: map.spatial).map { Dimension.fixed($0.output) }
    return [ValueType(x.dtype, [x.dimensions[0], .fixed(outputs)] + spatial)]
  }

  /// Multiply-accumulates for one sample.
  public func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int {
    saturatingProduct(outputs[0].perSample + [accumulationLength(inputs: inputs)])
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int {
    saturatingProduct(Array(inputs[1].perSample.dropFirst()))
  }
}
