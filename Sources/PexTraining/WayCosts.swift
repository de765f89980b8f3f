import PexTensor

/// What the ways through a network cost in one unit, as shares of the whole model: the way to each exit goes through the trunk
/// in front of it and the heads on the way.
public struct WayCosts: Hashable, Sendable {
  /// The trunk up to each exit, shallowest first.
  public let trunk: [Double]
  /// Each exit's fully connected layer; 0 for the final classifier, which is part of the trunk.
  public let heads: [Double]
  /// What each head needs besides, by the exit whose tap is read: pooling, and the branch or the head's own convolutions. What
  /// several heads need of a tap is computed once, so of two that need different things there the dearer counts.
  public let taps: [[Int: Double]]

  /// Costs of the same number of exits.
  /// - Parameter taps: of each exit's head; empty when none needs anything.
  /// - Throws: ``PexError`` (defect) when the numbers differ.
  public init(trunk: [Double], heads: [Double], taps: [[Int: Double]] = []) throws {
    guard trunk.count == heads.count, [0, heads.count].contains(taps.count) else {
      throw PexError(
        .defect, "costs of \(trunk.count) exits, of \(heads.count) heads and of \(taps.count) heads' taps")
    }
    self.trunk = trunk
    self.heads = heads
    self.taps = taps.isEmpty ? heads.map { _ in [:] } : taps
  }

  /// What taking each exit costs when samples pass the heads of some exits alone: the trunk, these heads on the way and
  /// the exit's own, with what their taps cost together.
  public func taking(_ isOpen: [Bool]) -> [Double] {
    var onTheWay = 0.0
    var computed: [Int: Double] = [:]
    return trunk.indices.map { exit in
      let all = computed.merging(taps[exit], uniquingKeysWith: max)
      defer {
        if isOpen[exit] { (onTheWay, computed) = (onTheWay + heads[exit], all) }
      }
      // In a fixed order: sums of the same costs are the same number.
      return trunk[exit] + onTheWay + heads[exit] + all.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
    }
  }
}
