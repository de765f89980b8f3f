import PexBundle
import PexTensor

/// Which exits a run takes.
public enum ExitChoice: Hashable, Sendable {
  /// The policy stored with the heads, else the final classifier.
  case stored
  /// The first enabled exit that the policy is content with, else the last resort.
  case policy(PolicyRecord)
  /// The head at one exit, trained or not.
  case fixed(Int)
  /// The final classifier, without any head.
  case final
  /// Every head, trained or not, and the final classifier.
  case all
}

extension PolicyRecord {
  /// Reads `confidence:0.8`, `entropy:0.5`, `margin:0.3` or `patience:2`.
  /// - Throws: ``PexError`` (usage) when the word is unknown or the number out of its range.
  public init(parsing text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let kinds = Kind.allCases.map(\.rawValue).joined(separator: "|")
    guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), let value = Float(parts[1]), value.isFinite
    else {
      throw PexError(.usage, "--policy \(text): expected \(kinds) and a number, as in confidence:0.8")
    }
    let fits: Bool
    switch kind {
    case .confidence, .margin: fits = (0...1).contains(value)
    case .entropy: fits = value >= 0
    case .patience: fits = value >= 1 && value <= 65536 && value == value.rounded()
    }
    guard fits else { throw PexError(.usage, "--policy \(text): the number is out of range for \(kind.rawValue)") }
    self.init(kind, value)
  }
}
