import PexGraph
import PexTensor

/// A place on the trunk where an exit can stand.
public struct ExitPoint: Hashable, Sendable {
  /// 1, 2, 3 … by depth: the exit's name everywhere. A value named by the user that is no exit point of its own gets a
  /// number behind the last one.
  public let number: Int
  /// The tap: what a head reads.
  public let value: ValueID
  /// Type of the tap, `[N, C, spatial…]`.
  public let type: ValueType
  /// What computing the tap costs: the prefix alone, without any head.
  public let cost: Cost

  /// An exit point.
  public init(number: Int, value: ValueID, type: ValueType, cost: Cost) {
    self.number = number
    self.value = value
    self.type = type
    self.cost = cost
  }
}

extension ExitPoint {
  /// Channels and spatial extents of the tap; a flat tap `[N, C]` is a map of one element.
  /// - Throws: ``PexError`` (usage) when the tap is neither.
  public func map() throws -> (channels: Int, spatial: [Int]) {
    guard let tap = type.tap else {
      throw PexError(.usage, "exit \(number) would read \(type): a head needs [N,C] or [N,C,spatial…]")
    }
    return tap
  }
}

extension Graph {
  /// The outputs of which a head may read what they depend on: the classifier's, or all where none is a classifier.
  var answeringOutputs: [ValueID] {
    guard let classifier, classifier.kind != .none else { return outputs }
    return [classifier.output]
  }
}
