import PexTensor

/// Adds elements of one value around a map (ONNX `Pad`, mode `constant`).
public struct Pad: OperationPayload {
  public static let code = 13
  public static let mnemonic = "pad"

  /// Elements added in front of every axis, none negative; 0 for the batch.
  public var before: [Int]
  /// Elements added behind every axis, none negative; 0 for the batch.
  public var after: [Int]
  /// What is added.
  public var value: Double

  /// A padding.
  public init(before: [Int], after: [Int], value: Double = 0) {
    self.before = before
    self.after = after
    self.value = value
  }

  public var attributes: [Attribute] {
    [Attribute("before", .integers(before)), Attribute("after", .integers(after)), Attribute("value", .float(value))]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    before = try reader.integers("before")
    after = try reader.integers("after")
    value = try reader.float("value")
  }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let input = inputs[0]
    guard before.count == input.rank, after.count == input.rank else {
      throw PexError(
        .malformed, "pad: expected \(input.rank) numbers a side for \(input), found \(before.count) and \(after.count)")
    }
    var dimensions = input.dimensions
    for axis in dimensions.indices {
      let (front, back) = (before[axis], after[axis])
      guard (0...(1 << 24)).contains(front), (0...(1 << 24)).contains(back) else {
        throw PexError(.malformed, "pad: \(front) and \(back) on axis \(axis) must be 0…2^24")
      }
      switch dimensions[axis] {
      case .batch:
        guard front == 0, back == 0 else { throw PexError(.malformed, "pad: the batch cannot be padded") }
      case .fixed(let extent):
        let (sum, overflow) = extent.addingReportingOverflow(front + back)
        guard !overflow else { throw PexError(.malformed, "pad: extent \(extent) overflows") }
        dimensions[axis] = .fixed(sum)
      }
    }
    return [ValueType(input.dtype, dimensions)]
  }
}
