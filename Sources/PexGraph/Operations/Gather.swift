import PexTensor

/// Elements at given positions of one axis (ONNX `Gather` with known indices; `Pad` that repeats or mirrors the border).
public struct Gather: Selection {
  public static let code = 20
  public static let mnemonic = "gather"

  /// The axis, counted from the front; never the batch.
  public var axis: Int
  /// Positions on that axis, from 0, in any order and any number.
  public var indices: [Int]

  /// Elements of an axis.
  public init(axis: Int, indices: [Int]) {
    self.axis = axis
    self.indices = indices
  }

  public var attributes: [Attribute] { [Attribute("axis", .integer(axis)), Attribute("indices", .integers(indices))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    axis = try reader.integer("axis")
    indices = try reader.integers("indices")
  }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let input = inputs[0]
    guard input.dimensions.indices.contains(axis), case .fixed(let extent) = input.dimensions[axis] else {
      throw PexError(.malformed, "gather: there is no axis \(axis) within a sample of \(input)")
    }
    guard indices.count <= 1 << 20 else { throw PexError(.malformed, "gather: \(indices.count) positions exceed 2^20") }
    if let index = indices.first(where: { !(0..<extent).contains($0) }) {
      throw PexError(.malformed, "gather: there is no position \(index) on axis \(axis) of \(input)")
    }
    var dimensions = input.dimensions
    dimensions[axis] = .fixed(indices.count)
    return try listable(input, dimensions)
  }

  /// For every axis, the input's position that each output position takes.
  public func sources(in extents: [Int]) -> [[Int]] {
    extents.indices.map { $0 == axis ? indices : Array(0..<extents[$0]) }
  }
}
