import PexTensor

/// The whole value repeated along every axis (ONNX `Tile`, `Expand`).
public struct Tile: Selection {
  public static let code = 21
  public static let mnemonic = "tile"

  /// How often, along every axis, at least 0; 1 for the batch.
  public var repeats: [Int]

  /// A repetition.
  public init(repeats: [Int]) { self.repeats = repeats }

  public var attributes: [Attribute] { [Attribute("repeats", .integers(repeats))] }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws { repeats = try reader.integers("repeats") }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let input = inputs[0]
    guard repeats.count == input.rank else {
      throw PexError(.malformed, "tile: expected \(input.rank) repeats for \(input), found \(repeats.count)")
    }
    let dimensions = try zip(input.dimensions, repeats).map { dimension, count in
      if dimension == .batch, count == 1 { return dimension }
      guard case .fixed(let extent) = dimension, count >= 0 else {
        throw PexError(.malformed, "tile: \(dimension) cannot be repeated \(count) times")
      }
      let (product, overflow) = extent.multipliedReportingOverflow(by: count)
      guard !overflow else { throw PexError(.malformed, "tile: extent \(extent) times \(count) overflows") }
      return .fixed(product)
    }
    return try listable(input, dimensions)
  }

  /// For every axis, the input's position that each output position takes.
  public func sources(in extents: [Int]) -> [[Int]] {
    zip(extents, repeats).map { extent, count in (0..<count).flatMap { _ in 0..<extent } }
  }
}
