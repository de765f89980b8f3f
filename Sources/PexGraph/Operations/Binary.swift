import PexTensor

/// A function of two elements, with multidirectional broadcasting as ONNX and NumPy define it.
public struct Binary: OperationPayload {
  public static let code = 7
  public static let mnemonic = "binary"

  /// The function of a left and a right element.
  public enum Kind: String, CaseIterable, Sendable {
    case add, subtract, multiply, divide, minimum, maximum, power
    /// The left element, or its product with the right one below 0 (He et al. 2015, ONNX `PRelu`).
    case parametricRelu = "parametric_relu"
    /// 1 where the comparison of the left element with the right one holds, else 0.
    case less, equal
    case lessOrEqual = "less_or_equal"
  }

  /// The function.
  public var kind: Kind

  /// A function of two elements.
  public init(_ kind: Kind) { self.kind = kind }

  public var attributes: [Attribute] { [Attribute("kind", .word(kind.rawValue))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { kind = try reader.choice("kind") }

  public var formatVersion: Int {
    switch kind {
    case .add, .subtract, .multiply, .divide, .minimum, .maximum, .power: 1
    case .parametricRelu, .less, .equal, .lessOrEqual: 4
    }
  }

  public var inputCount: ClosedRange<Int> { 2...2 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    return [ValueType(inputs[0].dtype, try Self.broadcast(inputs[0].dimensions, inputs[1].dimensions))]
  }

  /// The extents of which both lists are a repetition.
  /// - Throws: ``PexError`` (malformed) when two extents differ and neither is 1.
  static func broadcast(_ left: [Dimension], _ right: [Dimension]) throws -> [Dimension] {
    let rank = max(left.count, right.count)
    func extent(_ list: [Dimension], _ axis: Int) -> Dimension {
      let index = axis - (rank - list.count)
      return index < 0 ? 1 : list[index]
    }
    return try (0..<rank).map { axis in
      let (a, b) = (extent(left, axis), extent(right, axis))
      if a == b || b == 1 { return a }
      if a == 1 { return b }
      throw PexError(.malformed, "shapes \(left) and \(right) cannot be broadcast together")
    }
  }
}
