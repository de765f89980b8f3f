import PexTensor

/// Transposed convolution, the gradient of a convolution with respect to its input (ONNX `ConvTranspose`).
///
/// Inputs: `x [N, C, spatial…]`, `weight [C, M / groups, kernel…]`, and optionally `bias [M]`.
/// Output: `[N, M, spatial…]` with `(input - 1) * stride + (kernel - 1) * dilation + 1 + extra - before - after` elements
/// along each axis.
public struct TransposedConvolution: OperationPayload {
  public static let code = 15
  public static let mnemonic = "transposed_convolution"

  /// Extents of the window, one for every spatial axis; they equal the weight's.
  public var kernel: [Int]
  /// Output elements between the windows of neighbouring input elements.
  public var strides: [Int]
  /// Distance between neighbouring elements of the window.
  public var dilations: [Int]
  /// Output elements cut off in front of every spatial axis.
  public var before: [Int]
  /// Output elements cut off behind every spatial axis.
  public var after: [Int]
  /// Elements added behind that no window need reach (ONNX `output_padding`).
  public var extra: [Int]
  /// Groups of channels that do not see each other; divides both channel counts.
  public var groups: Int

  /// A transposed convolution; strides and dilations of 1, nothing cut off and nothing added where they are not given.
  public init(
    kernel: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, before: [Int]? = nil, after: [Int]? = nil,
    extra: [Int]? = nil, groups: Int = 1
  ) {
    self.kernel = kernel
    self.strides = strides ?? kernel.map { _ in 1 }
    self.dilations = dilations ?? kernel.map { _ in 1 }
    self.before = before ?? kernel.map { _ in 0 }
    self.after = after ?? kernel.map { _ in 0 }
    self.extra = extra ?? kernel.map { _ in 0 }
    self.groups = groups
  }

  public var attributes: [Attribute] {
    [
      Attribute("kernel", .integers(kernel)), Attribute("strides", .integers(strides)),
      Attribute("dilations", .integers(dilations)), Attribute("before", .integers(before)),
      Attribute("after", .integers(after)), Attribute("extra", .integers(extra)),
      Attribute("groups", .integer(groups)),
    ]
  }

  /// Takes the settings out of a list; throws ``PexError`` (malformed) when one is missing or out of range.
  public init(from reader: inout AttributeReader) throws {
    kernel = try reader.integers("kernel")
    strides = try reader.integers("strides")
    dilations = try reader.integers("dilations")
    before = try reader.integers("before")
    after = try reader.integers("after")
    extra = try reader.integers("extra")
    groups = try reader.integer("groups")
  }

  public var formatVersion: Int { 4 }
  public var inputCount: ClosedRange<Int> { 2...3 }
  public var parameterInputs: Range<Int> { 1..<3 }

  /// The output's type; throws ``PexError`` (malformed) when the inputs do not fit.
  public func outputTypes(of inputs: [ValueType]) throws -> [ValueType] {
    try inputs.requireFloats()
    let (x, weight) = (inputs[0], inputs[1])
    guard let map = x.featureMap, weight.rank == x.rank, !weight.hasBatch else {
      throw PexError(
        .malformed, "transposed convolution: expected an input [N,C,spatial…] and a weight of its rank, found \(inputs)"
      )
    }
    guard groups >= 1, map.channels % groups == 0, weight.perSample[0] == map.channels,
      Array(weight.perSample.dropFirst(2)) == kernel
    else {
      throw PexError(
        .malformed,
        "transposed convolution: weight \(weight) with \(groups) groups and kernel \(kernel) does not fit \(x)")
    }
    let (outputs, overflow) = weight.perSample[1].multipliedReportingOverflow(by: groups)
    guard !overflow, outputs > 0 else { throw PexError(.malformed, "transposed convolution: weight \(weight)") }
    if inputs.count == 3, inputs[2].dimensions != [.fixed(outputs)] {
      throw PexError(.malformed, "transposed convolution: expected a bias [\(outputs)], found \(inputs[2])")
    }
    let spatial = try map.spatial.indices.map { Dimension.fixed(try extent($0, over: map.spatial)) }
    return [ValueType(x.dtype, [x.dimensions[0], .fixed(outputs)] + spatial)]
  }

  private func extent(_ axis: Int, over spatial: [Int]) throws -> Int {
    let (rank, limit) = (spatial.count, 1 << 24)
    guard [kernel, strides, dilations, before, after, extra].allSatisfy({ $0.count == rank }) else {
      throw PexError(.malformed, "transposed convolution: expected \(rank) numbers for each setting of the window")
    }
    guard [kernel, strides, dilations].allSatisfy({ (1...limit).contains($0[axis]) }),
      [before, after, extra].allSatisfy({ (0...limit).contains($0[axis]) }), (1...1 << 38).contains(spatial[axis])
    else {
      throw PexError(
        .malformed,
        "transposed convolution: kernel \(kernel), strides \(strides), dilations \(dilations), cut off \(before) and \(after), added \(extra) are out of range"
      )
    }
    let reach = (kernel[axis] - 1) * dilations[axis] + 1
    let extent = (spatial[axis] - 1) * strides[axis] + reach + extra[axis] - before[axis] - after[axis]
    guard extent >= 1 else {
      throw PexError(.malformed, "transposed convolution: nothing is left of axis \(axis + 2)")
    }
    return extent
  }

  /// Multiply-accumulates for one sample.
  public func multiplyAccumulates(inputs: [ValueType], outputs: [ValueType]) -> Int {
    saturatingProduct(inputs[0].perSample + inputs[1].perSample.dropFirst())
  }

  /// Products or numbers summed into one output element, at most.
  public func accumulationLength(inputs: [ValueType]) -> Int {
    saturatingProduct([inputs[0].perSample[1] / max(groups, 1)] + kernel)
  }
}
