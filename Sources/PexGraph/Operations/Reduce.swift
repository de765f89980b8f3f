import PexTensor

/// One number in place of whole axes (ONNX `ReduceMean`, `ReduceSum`, `ReduceMax` …).
public struct Reduce: OperationPayload {
  public static let code = 12
  public static let mnemonic = "reduce"

  /// What is taken of the elements.
  public enum Kind: String, CaseIterable, Sendable {
    case mean, sum, maximum, minimum, product
    /// The root of the sum of squares.
    case norm
  }

  /// What is taken of the elements.
  public var kind: Kind
  /// The axes, ascending, counted from the front; never the batch.
  public var axes: [Int]
  /// Whether the axes stay as extents of 1.
  public var keepsAxes: Bool

  /// A reduction.
  public init(_ kind: Kind, axes: [Int], keepsAxes: Bool) {
    self.kind = kind
    self.axes = axes
    self.keepsAxes = keepsAxes
  }

  public var attributes: [Attribute] {
    [
      Attribute("kind", .word(kind.rawValue)), Attribute("axes", .integers(axes)),
      Attribute("keeps_axes", .integer(keepsAxes ? 1 : 0)),
    ]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    kind = try reader.choice("kind")
    axes = try reader.integers("axes")
    keepsAxes = try reader.flag("keeps_axes")
  }

  public var formatVersion: Int { kind == .product || kind == .norm ? 4 : 1 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let input = inputs[0]
    guard !axes.isEmpty, axes == Array(Set(axes)).sorted(),
      axes.allSatisfy({
        input.dimensions.indices.contains($0) && input.dimensions[$0] != .batch && input.dimensions[$0] != 0
      })
    else {
      throw PexError(.malformed, "reduce: axes \(axes) are not ascending axes within a sample of \(input)")
    }
    var dimensions = input.dimensions
    for axis in axes.reversed() {
      if keepsAxes { dimensions[axis] = 1 } else { dimensions.remove(at: axis) }
    }
    return [ValueType(input.dtype, dimensions)]
  }

  /// Products or numbers summed into one output element.
  public func accumulationLength(inputs: [ValueType]) -> Int {
    saturatingProduct(axes.map { inputs[0].perSample[$0] })
  }
}
