import PexTensor

/// A window that slides over the spatial axes: what convolution and pooling have in common.
public struct Window: Hashable, Sendable {
  /// Extents of the window, one for every spatial axis, at least 1.
  public var kernel: [Int]
  /// Steps along every spatial axis, at least 1.
  public var strides: [Int]
  /// Distance between neighbouring elements of the window, at least 1.
  public var dilations: [Int]
  /// What is added at the borders.
  public var padding: Padding
  /// Whether the number of positions is rounded up (ONNX `ceil_mode`); a window then still starts within the input
  /// or its front padding.
  public var roundsUp: Bool

  /// A window; strides and dilations of 1 where they are not given.
  public init(
    kernel: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, padding: Padding = .valid, roundsUp: Bool = false
  ) {
    self.kernel = kernel
    self.strides = strides ?? kernel.map { _ in 1 }
    self.dilations = dilations ?? kernel.map { _ in 1 }
    self.padding = padding
    self.roundsUp = roundsUp
  }

  /// The window along one axis over a known input extent.
  public struct Axis: Hashable, Sendable {
    public var kernel: Int
    public var stride: Int
    public var dilation: Int
    /// Elements added in front.
    public var before: Int
    /// Elements added behind; the last window may reach further when positions are rounded up.
    public var after: Int
    /// Extent of the input.
    public var input: Int
    /// Number of positions.
    public var output: Int
  }

  /// The window along every axis of a map with the given spatial extents.
  /// - Throws: ``PexError`` (malformed) when ranks differ, a number is out of range, or the window does not fit.
  public func axes(over spatial: [Int]) throws -> [Axis] {
    let rank = spatial.count
    guard rank >= 1, kernel.count == rank, strides.count == rank, dilations.count == rank else {
      throw PexError(.malformed, "a window over \(kernel.count) axes does not fit a map with \(rank) spatial axes")
    }
    if case .explicit(let before, let after) = padding, before.count != rank || after.count != rank {
      throw PexError(.malformed, "padding has \(before.count) and \(after.count) numbers, expected \(rank) each")
    }
    return try (0..<rank).map { try axis($0, over: spatial[$0]) }
  }

  private func axis(_ index: Int, over input: Int) throws -> Axis {
    let limit = 1 << 24
    let (kernel, stride, dilation) = (kernel[index], strides[index], dilations[index])
    guard (1...limit).contains(kernel), (1...limit).contains(stride), (1...limit).contains(dilation), input < 1 << 40
    else {
      throw PexError(.malformed, "window of \(kernel), stride \(stride), dilation \(dilation): each must be 1…\(limit)")
    }
    let reach = (kernel - 1) * dilation + 1
    var before = 0
    var after = 0
    switch padding {
    case .explicit(let fronts, let backs):
      (before, after) = (fronts[index], backs[index])
      guard (0...limit).contains(before), (0...limit).contains(after) else {
        throw PexError(.malformed, "padding \(before), \(after): each must be 0…\(limit)")
      }
    case .sameUpper, .sameLower:
      let positions = (input + stride - 1) / stride
      let total = max(0, (positions - 1) * stride + reach - input)
      before = padding == .sameUpper ? total / 2 : total - total / 2
      after = total - before
    case .valid: break
    }
    let room = input + before + after - reach
    guard input >= 1, room >= 0 else {
      throw PexError(
        .malformed,
        "a window reaching over \(reach) does not fit an extent of \(input) padded by \(before) and \(after)")
    }
    var output = room / stride + 1
    if roundsUp, room % stride != 0, output * stride < input + before { output += 1 }
    return Axis(
      kernel: kernel, stride: stride, dilation: dilation, before: before, after: after, input: input, output: output)
  }

  var attributes: [Attribute] {
    [
      Attribute("kernel", .integers(kernel)), Attribute("strides", .integers(strides)),
      Attribute("dilations", .integers(dilations)),
    ] + padding.attributes + [Attribute("rounds_up", .integer(roundsUp ? 1 : 0))]
  }

  init(from reader: inout AttributeReader) throws {
    kernel = try reader.integers("kernel")
    strides = try reader.integers("strides")
    dilations = try reader.integers("dilations")
    padding = try Padding(from: &reader)
    roundsUp = try reader.flag("rounds_up")
  }
}
