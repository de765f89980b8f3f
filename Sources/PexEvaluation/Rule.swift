import PexBundle
import PexRuntime

/// How the exit is chosen that answers a sample.
public enum Rule: Hashable, Sendable {
  /// The first exit that the policy is content with, else the last resort; nil: the last resort alone.
  case policy(PolicyRecord?)
  /// The same exit for all samples.
  case exit(ExitName)
  /// The policy, or nil for none, within so many milliseconds; see `Session.run`.
  case deadline(PolicyRecord?, milliseconds: Double)

  /// What a run asks for, with some heads.
  /// - Parameter deadline: milliseconds; nil for none.
  public init(_ choice: ExitChoice, for heads: HeadSet, deadline: Double? = nil) {
    switch choice {
    case .fixed(let exit): self = .exit(.exit(exit))
    case .final, .all: self = .exit(.final)
    case .policy(let policy): self = deadline.map { .deadline(policy, milliseconds: $0) } ?? .policy(policy)
    case .stored: self = deadline.map { .deadline(nil, milliseconds: $0) } ?? .policy(heads.policy)
    }
  }

  /// What reports call it.
  public var name: String {
    switch self {
    case .policy(let policy): policy?.text ?? "final"
    case .exit(.exit(let number)): "exit \(number)"
    case .exit(.final): "final"
    case .deadline(let policy, let milliseconds): policy?.text ?? "deadline \(milliseconds) ms"
    }
  }
}

/// Heads that are measured.
public struct Candidate: Sendable {
  /// What reports call them; nil for a bundle's base heads.
  public let name: String?
  /// The heads.
  public let heads: HeadSet
  /// How exits are chosen, the one that matters most first; at least one.
  public let rules: [Rule]
  /// Whether the others are compared with it, and it is no subject itself.
  public let isReference: Bool

  /// Heads with the ways in which their exits are chosen.
  public init(_ name: String?, _ heads: HeadSet, rules: [Rule], isReference: Bool = false) {
    (self.name, self.heads, self.rules, self.isReference) = (name, heads, rules, isReference)
  }
}
