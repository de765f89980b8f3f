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
  /// ``linear``, or on a branch as well; the means are kept so that samples and classes can be added.
  case prototype
  /// As ``multitap``, and behind the features of the own tap, and of the tap in front of it, the averages and maxima of what the
  /// branch there computes.
  case branch
}

/// A tap in front of a head's own that the head reads as well.
public struct EarlierTap: Hashable, Sendable {
  /// The number of its exit point.
  public let exit: Int
  /// Its channels.
  public let channels: Int
  /// The branch of that exit, which the head reads besides; nil when it reads the tap alone.
  public let branch: BranchSpecification?

  /// A tap.
  /// - Parameter branch: of a branch that reads a map of so many channels.
  public init(exit: Int, channels: Int, branch: BranchSpecification? = nil) {
    self.exit = exit
    self.channels = channels
    self.branch = branch
  }

  /// How many features a head reads there: the tap's, and behind them the branch's.
  public var featureCount: Int { 2 * (channels + (branch?.output.channels ?? 0)) }
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
  /// What a head of kind ``HeadKind/multitap`` or ``HeadKind/branch`` reads besides its own tap, by depth; empty for others.
  public let earlier: [EarlierTap]
  /// The exit's branch, which a head of kind ``HeadKind/branch`` reads and one of kind ``HeadKind/prototype`` may read; nil
  /// for others. Its numbers are no part of the head: they are trained with the base heads and frozen then.
  public var branch: BranchSpecification? { kind == .conv ? nil : convolutions }
  /// The convolutions that run between the tap and what is pooled: the exit's branch, or a convolutional head's own.
  public let convolutions: BranchSpecification?

  /// The most earlier taps that a head may read.
  public static let mostEarlierTaps = 512

  /// A head on a tap `[N, channels, spatial…]`.
  ///
  /// - Parameters:
  ///   - hidden: channels of a convolutional head; when nil, twice as many as the tap has, at most 128.
  ///   - earlier: the taps that a multitap or branch head reads besides, by depth.
  ///   - branch: the layers of the exit's branch.
  /// - Throws: ``PexError``: (malformed) when a number is out of range or the kind does not read what is given,
  ///   (unsupported) when it needs two spatial axes and the tap has others.
  public init(
    kind: HeadKind, channels: Int, spatial: [Int], classes: Int, hidden: Int? = nil, earlier: [EarlierTap] = [],
    branch: [BranchLayer] = []
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
    guard [.multitap, .branch].contains(kind) || earlier.isEmpty, earlier.count <= Self.mostEarlierTaps,
      Set(earlier.map(\.exit)).count == earlier.count,
      earlier.allSatisfy({ range.contains($0.exit) && range.contains($0.channels) }),
      earlier.allSatisfy({ $0.branch == nil || kind == .branch && $0.branch?.channels == $0.channels })
    else {
      throw PexError(.malformed, "a \(kind.rawValue) head cannot read \(earlier.count) earlier taps such as these")
    }
    guard branch.isEmpty ? kind != .branch : [.branch, .prototype].contains(kind) else {
      throw PexError(.malformed, "a \(kind.rawValue) head cannot read a branch of \(branch.count) layers")
    }
    self.kind = kind
    self.channels = channels
    self.spatial = spatial
    self.classes = classes
    self.hidden = width
    self.earlier = earlier
    let layers = kind == .conv ? [BranchLayer(.full, channels: width, stride: 2)] : branch
    convolutions =
      layers.isEmpty ? nil : try BranchSpecification(channels: channels, spatial: spatial, layers: layers)
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
    case .linear, .multitap, .branch: return readout
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

  /// How many pooled features the fully connected layer reads, an average and a maximum a channel: those of
  /// ``earlier``, those of the tap itself unless the head is convolutional, and those of ``convolutions``.
  public var featureCount: Int { earlier.reduce(ownFeatureCount) { $0 + $1.featureCount } }

  /// The branches that the head reads by depth, its own last; a convolutional head reads none.
  public var branches: [BranchSpecification] { earlier.compactMap(\.branch) + (branch.map { [$0] } ?? []) }

  /// The same, each with the exit whose tap it reads.
  public func branchExits(at exit: Int) -> [(exit: Int, branch: BranchSpecification)] {
    earlier.compactMap { tap in tap.branch.map { (tap.exit, $0) } } + (branch.map { [(exit, $0)] } ?? [])
  }

  /// Multiply-accumulates of the fully connected layer.
  public var readoutMultiplyAccumulates: Int { classes * featureCount }

  /// Those of ``featureCount`` that come from the head's own tap.
  public var ownFeatureCount: Int {
    kind == .conv ? 2 * hidden : 2 * channels + (branch.map { 2 * $0.output.channels } ?? 0)
  }

  /// Multiply-accumulates of the convolutions that a head at an exit needs, by the exit whose tap they read. A run computes
  /// each once, however many heads read it.
  public func convolutionCosts(at exit: Int) -> [Int: Int] {
    var costs: [Int: Int] = [:]
    for (exit, branch) in branchExits(at: exit) { costs[exit] = branch.multiplyAccumulates }
    costs[exit] = convolutions?.multiplyAccumulates
    return costs
  }

  /// Multiply-accumulates for one sample, pooling not counted, when no other head is computed.
  public var multiplyAccumulates: Int {
    convolutionCosts(at: 0).values.reduce(readoutMultiplyAccumulates, +)
  }

  /// Learned numbers, those of the exit's branch included.
  public var parameterCount: Int {
    (parameters + (branch?.parameters ?? [])).map { $0.dimensions.reduce(1, *) }.reduce(0, +)
  }
}
