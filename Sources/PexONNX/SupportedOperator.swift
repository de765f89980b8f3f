/// What can be imported of one operator.
public struct SupportedOperator: Sendable {
  /// The operator's name in the standard domain.
  public let op: String
  /// The operator set versions at which its form changed, ascending. A model of any version from the first on is read.
  public let since: [Int]
  /// What of it cannot be imported, sentence by sentence; empty when all can.
  public let limits: [String]
}
