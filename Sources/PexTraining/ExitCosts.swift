import PexHeads
import PexRuntime
import PexTensor

/// What taking each exit costs, as shares of the model's multiply-accumulates.
public struct ExitCosts: Hashable, Sendable {
  /// The trunk up to each exit, shallowest first.
  public let trunk: [Double]
  /// Each exit's head alone, without convolutions; 0 for the final classifier, which is part of the trunk.
  public let heads: [Double]
  /// What each head's convolutions cost, by the exit whose tap they read: those that several heads read are computed once.
  public let convolutions: [[Int: Double]]

  /// Costs of the same number of exits.
  /// - Parameter convolutions: of each exit's head; empty when no head has any.
  /// - Throws: ``PexError`` (defect) when the numbers differ.
  public init(trunk: [Double], heads: [Double], convolutions: [[Int: Double]] = []) throws {
    guard trunk.count == heads.count, [0, heads.count].contains(convolutions.count) else {
      throw PexError(
        .defect,
        "costs of \(trunk.count) exits, of \(heads.count) heads and of \(convolutions.count) heads' convolutions")
    }
    self.trunk = trunk
    self.heads = heads
    self.convolutions = convolutions.isEmpty ? heads.map { _ in [:] } : convolutions
  }

  /// Costs of heads on a model's exits.
  /// - Parameters:
  ///   - heads: by depth.
  ///   - withFinal: whether the final classifier follows.
  ///   - final: the head that has a part in its answer.
  /// - Throws: never, as sizes fit.
  public init(
    of heads: [(exit: Int, specification: HeadSpecification)], in model: Model, withFinal: Bool,
    final: (exit: Int, specification: HeadSpecification)? = nil
  ) throws {
    let total = Double(max(model.cost.multiplyAccumulates, 1))
    try self.init(
      trunk: heads.map { model.prefixShare(.exit($0.exit)) } + (withFinal ? [1] : []),
      heads: heads.map { Double($0.specification.readoutMultiplyAccumulates) / total }
        + (withFinal ? [Double(final?.specification.readoutMultiplyAccumulates ?? 0) / total] : []),
      convolutions: (heads + (withFinal ? [final] : []).compactMap(\.self)).map { head in
        head.specification.convolutionCosts(at: head.exit).mapValues { Double($0) / total }
      } + (withFinal && final == nil ? [[:]] : []))
  }

  /// What taking each exit costs when samples pass the heads of some exits alone: the trunk, these heads on the way and
  /// the exit's own, with what their convolutions cost together.
  public func taking(_ isOpen: [Bool]) -> [Double] {
    var onTheWay = 0.0
    var computed: [Int: Double] = [:]
    return trunk.indices.map { exit in
      let all = computed.merging(convolutions[exit]) { first, _ in first }
      defer {
        if isOpen[exit] { (onTheWay, computed) = (onTheWay + heads[exit], all) }
      }
      // In a fixed order: sums of the same costs are the same number.
      return trunk[exit] + onTheWay + heads[exit] + all.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
    }
  }
}
