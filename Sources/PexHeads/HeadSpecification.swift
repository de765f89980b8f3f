import PexTensor

/// How a head gets from a feature map to logits. The raw values are part of the bundle format.
public enum HeadKind: String, CaseIterable, Sendable {
  /// One fully connected layer on the averaged and the maximal features together: `[average(C), maximum(C)]`.
  case linear
  /// A 3x3 convolution with stride 2 and padding 1, bias and ReLU, then as ``linear`` on its channels.
  case conv
  /// As ``linear``, on the features of earlier taps as well: `[average(C1), maximum(C1), average(C2), …]`, its own last. What
  /// early layers saw costs next to nothing to keep.
  case multitap
  /// A mean of features a class and the linear discriminant that follows from them; see `Prototypes` in PexTraining. Runs as
  /// ``linear``; the means are kept so that samples and classes can be added.
  case prototype
}

/// A tap in front of a head's own that a multitap head reads as well.
public struct EarlierTap: Hashable, Sendable {
  /// The number of its exit point.
  public let exit: Int
  /// Its channels.
  public let channels: Int

  /// A tap.
  public init(exit: Int, channels: Int) {
    self.exit = exit
    self.channels = channels
  }
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
  /// What a head of kind ``HeadKind/multitap`` reads besides its own tap, by depth; empty for other kinds.
  public let earlier: [EarlierTap]

  /// The most earlier taps that a head may read.
  public static let mostEarlierTaps = 512

  /// A head on a tap `[N, channels, spatial…]`.
  ///
  /// - Parameters:
  ///   - hidden: channels of a convolutional head; when nil, twice as many as the tap has, at most 128.
  ///   - earlier: the taps that a multitap head reads besides, by depth.
  /// - Throws: ``PexError`` (malformed) when a number is out of range, or the kind needs two spatial axes and the tap has others.
  public init(
    kind: HeadKind, channels: Int, spatial: [Int], classes: Int, hidden: Int? = nil, earlier: [EarlierTap] = []
  ) throws {
    let range = 1...Self.limit
    let width = kind == .conv ? hidden ?? min(2 * channels, 128) : 0
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
    guard kind == .multitap || earlier.isEmpty, earlier.count <= Self.mostEarlierTaps,
      Set(earlier.map(\.exit)).count == earlier.count,
      earlier.allSatisfy({ range.contains($0.exit) && range.contains($0.channels) })
    else {
      throw PexError(.malformed, "a \(kind.rawValue) head cannot read \(earlier.count) earlier taps such as these")
    }
    self.kind = kind
    self.channels = channels
    self.spatial = spatial
    self.classes = classes
    self.hidden = width
    self.earlier = earlier
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
  /// `conv.weight [F, C, 3, 3]` and `conv.bias [F]` in front of them, a prototype head `mean [classes, 2F]` and
  /// `count [classes]`: the means of what it was shown and how many samples each one stands for.
  public var parameters: [Parameter] {
    let readout = [
      Parameter(name: "weight", dimensions: [classes, featureCount]), Parameter(name: "bias", dimensions: [classes]),
    ]
    switch kind {
    case .linear, .multitap: return readout
    case .prototype:
      return [
        Parameter(name: "mean", dimensions: [classes, featureCount]), Parameter(name: "count", dimensions: [classes]),
      ] + readout
    case .conv:
      return [
        Parameter(name: "conv.weight", dimensions: [hidden, channels, 3, 3]),
        Parameter(name: "conv.bias", dimensions: [hidden]),
      ] + readout
    }
  }

  /// How many pooled features the fully connected layer reads: an average and a maximum a channel.
  public var featureCount: Int { earlier.reduce(2 * (kind == .conv ? hidden : channels)) { $0 + 2 * $1.channels } }

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
