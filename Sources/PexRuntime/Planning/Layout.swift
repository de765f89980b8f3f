import PexGraph

/// How a map lies in memory.
enum Layout: Hashable, Sendable {
  /// Row-major NCHW, as the graph's values are.
  case plain
  /// `[N][C / lanes][H][W][lanes]`: a pixel's channels in vectors, which is what most kernels want.
  case blocked
}

/// A value in one layout: what steps read and write.
struct Stored: Hashable, Sendable {
  let value: ValueID
  let layout: Layout

  init(_ value: ValueID, _ layout: Layout) {
    self.value = value
    self.layout = layout
  }
}

/// A value seen as samples of channels of pixels.
struct MapExtents: Hashable, Sendable {
  let samples: Int, channels: Int, pixels: Int

  /// The extents of a value of rank 2 or more.
  init?(_ extents: [Int]) {
    guard extents.count >= 2 else { return nil }
    samples = extents[0]
    channels = extents[1]
    pixels = extents.dropFirst(2).reduce(1, *)
  }

  /// Blocks of channels of one sample.
  func blocks(_ lanes: Int) -> Int { divideUp(channels, lanes) }

  /// Whether both layouts are the same bytes, but for what lies behind the last channel.
  func isSameInBothLayouts(_ lanes: Int) -> Bool { pixels == 1 && (samples == 1 || channels % lanes == 0) }

  /// Floats of the blocked layout, or `Int.max` when they cannot be addressed.
  func blockedCount(_ lanes: Int) -> Int { saturatingProduct(samples, blocks(lanes), lanes, pixels) }
}
