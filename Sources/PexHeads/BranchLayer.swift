/// One convolution of a branch.
public struct BranchLayer: Hashable, Sendable {
  /// What is computed. The raw values are part of the bundle format.
  public enum Kind: String, CaseIterable, Sendable {
    /// A 3x3 convolution over all channels, padding 1, then bias and ReLU.
    case full
    /// A 3x3 convolution of each channel by itself, padding 1; no bias, no activation.
    case depthwise
    /// A 1x1 convolution over all channels, then bias and ReLU. Behind a depthwise one it makes a separable convolution
    /// (Howard et al. 2017, arXiv 1704.04861).
    case pointwise
  }

  /// What is computed.
  public let kind: Kind
  /// Channels of the result.
  public let channels: Int
  /// Steps of the window along both axes, 1 or 2; 1 for pointwise layers.
  public let stride: Int

  /// A layer.
  public init(_ kind: Kind, channels: Int, stride: Int = 1) {
    self.kind = kind
    self.channels = channels
    self.stride = stride
  }

  /// Extent of the window along both axes.
  public var kernel: Int { kind == .pointwise ? 1 : 3 }
  /// Whether bias and ReLU follow.
  public var isActivated: Bool { kind != .depthwise }
}

extension [BranchLayer] {
  /// Separable convolutions, which at early exits gain nearly as much as full ones for a third of the work: two to four of them,
  /// as many as bring the map to 4x4, with four times the tap's channels and then eight times, at most 192.
  public static func separable(channels: Int, spatial: [Int]) -> [BranchLayer] {
    var (layers, extent, width) = ([BranchLayer](), spatial.min() ?? 1, channels)
    while layers.count < 4 || layers.count < 8 && extent > 4 {
      layers.append(BranchLayer(.depthwise, channels: width, stride: extent > 4 ? 2 : 1))
      width = Swift.min((layers.count == 1 ? 4 : 8) * channels, 192)
      layers.append(BranchLayer(.pointwise, channels: width))
      if extent > 4 { extent = (extent + 1) / 2 }
    }
    return layers
  }
}
