import PexTensor

/// How a head gets from a feature map to logits. The raw values are part of the bundle format.
public enum HeadKind: String, CaseIterable, Sendable {
  /// One fully connected layer on the averaged and the maximal features together: `[average(C), maximum(C)]`.
  case linear
  /// A 3x3 convolution with stride 2 and padding 1, bias and ReLU, then as ``linear`` on its channels.
  case conv
}

/// What a head looks like without its numbers: enough to count its cost and to check a file against.
public struct HeadSpecification: Hashable, Sendable {
  /// The most classes and channels that any head may have; files beyond are refused.
  public static let limit = 1 << 20

  /// How features become logits.
  public let kind: HeadKind
  /// Channels of the tap.
  public let channels: Int
  /// Spatial extents of the tap, one or more.
  public let spatial: [Int]
  /// Number of logits.
  public let classes: Int
  /// Channels of the convolution of kind ``HeadKind/conv``; 0 for other kinds.
  public let hidden: Int

  /// A head on a tap `[N, channels, spatial…]`.
  ///
  /// - Parameter hidden: channels of a convolutional head; when nil, as many as the tap has, at most 128.
  /// - Throws: ``PexError`` (malformed) when a number is out of range, or the kind needs two spatial axes and the tap has others.
  public init(kind: HeadKind, channels: Int, spatial: [Int], classes: Int, hidden: Int? = nil) throws {
    let range = 1...Self.limit
    let width = kind == .conv ? hidden ?? min(channels, 128) : 0
    guard range.contains(channels), range.contains(classes), (1...3).contains(spatial.count),
      spatial.allSatisfy(range.contains), kind != .conv || range.contains(width), kind == .conv || hidden ?? 0 == 0
    else {
      throw PexError(
        .malformed,
        "a \(kind.rawValue) head of \(classes) classes does not fit a tap of \(channels) channels over \(spatial)")
    }
    guard kind != .conv || spatial.count == 2 else {
      throw PexError(.unsupported, "a conv head needs a tap with two spatial axes, found \(spatial.count)")
    }
    self.kind = kind
    self.channels = channels
    self.spatial = spatial
    self.classes = classes
    self.hidden = width
    // The work must be countable, too: this is more than any product computed from these numbers.
    _ = try Shape([9 * max(width, 1), channels] + spatial)
    for parameter in parameters { _ = try Shape(parameter.dimensions).byteCount(.float32) }
  }

  /// One learned tensor of a head.
  public struct Parameter: Hashable, Sendable {
    /// Its name in files.
    public let name: String
    /// Its extents.
    public let dimensions: [Int]
  }

  /// The learned tensors, in the order in which files hold them.
  ///
  /// `weight [classes, 2F]` and `bias [classes]` read the pooled features; a convolutional head has
  /// `conv.weight [F, C, 3, 3]` and `conv.bias [F]` in front of them.
  public var parameters: [Parameter] {
    let readout = [
      Parameter(name: "weight", dimensions: [classes, featureCount]), Parameter(name: "bias", dimensions: [classes]),
    ]
    switch kind {
    case .linear: return readout
    case .conv:
      return [
        Parameter(name: "conv.weight", dimensions: [hidden, channels, 3, 3]),
        Parameter(name: "conv.bias", dimensions: [hidden]),
      ] + readout
    }
  }

  /// How many pooled features the fully connected layer reads: an average and a maximum a channel.
  public var featureCount: Int { 2 * (kind == .conv ? hidden : channels) }

  /// Spatial extents of the map that is pooled.
  public var pooledSpatial: [Int] { kind == .conv ? spatial.map { ($0 + 1) / 2 } : spatial }

  /// Multiply-accumulates for one sample, pooling not counted.
  public var multiplyAccumulates: Int {
    let readout = classes * featureCount
    guard kind == .conv else { return readout }
    return readout + pooledSpatial.reduce(9 * channels * hidden, *)
  }

  /// Learned numbers.
  public var parameterCount: Int { parameters.map { $0.dimensions.reduce(1, *) }.reduce(0, +) }
}
