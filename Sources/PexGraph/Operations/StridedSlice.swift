import PexTensor

/// Evenly spaced elements along every axis (ONNX `Slice`, `Split`, negative `Pad`).
public struct StridedSlice: Selection {
  public static let code = 19
  public static let mnemonic = "slice"

  /// The first element that is taken along every axis; 0 for the batch.
  public var starts: [Int]
  /// How many elements are taken along every axis; `N` for the batch, which is taken whole.
  public var dimensions: [Dimension]
  /// The distance between neighbours along every axis, negative to go backwards, never 0; 1 for the batch.
  public var steps: [Int]

  /// A slice; neighbouring elements where no steps are given.
  public init(starts: [Int], dimensions: [Dimension], steps: [Int]? = nil) {
    self.starts = starts
    self.dimensions = dimensions
    self.steps = steps ?? starts.map { _ in 1 }
  }

  public var attributes: [Attribute] {
    [
      Attribute("starts", .integers(starts)), Attribute("shape", .dimensions(dimensions)),
      Attribute("steps", .integers(steps)),
    ]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    starts = try reader.integers("starts")
    dimensions = try reader.dimensions("shape")
    steps = try reader.integers("steps")
  }

  public var formatVersion: Int { 4 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let input = inputs[0]
    guard [starts.count, dimensions.count, steps.count].allSatisfy({ $0 == input.rank }) else {
      throw PexError(.malformed, "slice: expected \(input.rank) numbers for each setting, one an axis of \(input)")
    }
    for axis in dimensions.indices {
      switch (input.dimensions[axis], dimensions[axis]) {
      case (.batch, .batch) where starts[axis] == 0 && steps[axis] == 1: break
      case (.fixed(let extent), .fixed(let count)):
        guard count > 0 else {
          guard count == 0 else { throw PexError(.malformed, "slice: extent \(count) of axis \(axis) is negative") }
          break
        }
        let (way, overflow) = steps[axis].multipliedReportingOverflow(by: count - 1)
        let (last, beyond) = starts[axis].addingReportingOverflow(way)
        guard steps[axis] != 0, !overflow, !beyond, (0..<extent).contains(starts[axis]), (0..<extent).contains(last)
        else {
          throw PexError(
            .malformed,
            "slice: \(count) elements from \(starts[axis]) in steps of \(steps[axis]) do not lie within axis \(axis) of \(input)"
          )
        }
      case (.batch, _), (.fixed, .batch): throw PexError(.malformed, "slice: the batch can only be taken whole")
      }
    }
    return try listable(input, dimensions)
  }

  /// For every axis, the input's position that each output position takes.
  public func sources(in extents: [Int]) -> [[Int]] {
    extents.indices.map { axis in
      switch dimensions[axis] {
      case .batch: Array(0..<extents[axis])
      case .fixed(let count): (0..<count).map { starts[axis] + $0 * steps[axis] }
      }
    }
  }
}
