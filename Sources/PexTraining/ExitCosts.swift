import PexTensor

/// What taking each exit costs, as shares of the model's multiply-accumulates.
public struct ExitCosts: Hashable, Sendable {
  /// The trunk up to each exit, shallowest first.
  public let trunk: [Double]
  /// Each exit's head alone; 0 for the final classifier, which is part of the trunk.
  public let heads: [Double]

  /// Costs of the same number of exits.
  /// - Throws: ``PexError`` (defect) when the numbers differ.
  public init(trunk: [Double], heads: [Double]) throws {
    guard trunk.count == heads.count else {
      throw PexError(.defect, "costs of \(trunk.count) exits and of \(heads.count) heads")
    }
    self.trunk = trunk
    self.heads = heads
  }

  /// What taking each exit costs when samples pass the heads of some exits alone: the trunk, these heads on the way and
  /// the exit's own.
  func taking(_ isOpen: [Bool]) -> [Double] {
    var onTheWay = 0.0
    return trunk.indices.map { exit in
      defer { if isOpen[exit] { onTheWay += heads[exit] } }
      return trunk[exit] + onTheWay + heads[exit]
    }
  }
}
