/// Where an answer comes from.
public enum ExitName: Hashable, Sendable {
  /// The head at an exit point.
  case exit(Int)
  /// The source model's own classifier.
  case final
}

extension ExitName: CustomStringConvertible {
  public var description: String {
    switch self {
    case .exit(let number): String(number)
    case .final: "final"
    }
  }
}
