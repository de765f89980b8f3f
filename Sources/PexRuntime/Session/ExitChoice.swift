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
  /// Reads `confidence:0.8`, `entropy:0.5`, `margin:0.3` or `patience:2`, and behind it numbers of single exits, as in
  /// `confidence:0.8,3=0.6,6=0.7`.
  /// - Throws: ``PexError`` (usage) when the word is unknown, a number out of its range, or an exit named twice.
  public init(parsing text: String) throws {
    let items = text.split(separator: ",", omittingEmptySubsequences: false)
    let parts = items[0].split(separator: ":", omittingEmptySubsequences: false)
    let kinds = Kind.allCases.map(\.rawValue).joined(separator: "|")
    guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), let value = Float(parts[1]), value.isFinite
    else {
      throw PexError(.usage, "--policy \(text): expected \(kinds) and a number, as in confidence:0.8")
    }
    let thresholds = try items.dropFirst().map { try Self.threshold(String($0), of: text) }
      .sorted { $0.exit < $1.exit }
    for number in [value] + thresholds.map(\.threshold) where !Self.allows(number, kind) {
      throw PexError(.usage, "--policy \(text): the number \(number) is out of range for \(kind.rawValue)")
    }
    if let twice = zip(thresholds, thresholds.dropFirst()).first(where: { $0.exit == $1.exit }) {
      throw PexError(.usage, "--policy \(text): exit \(twice.0.exit) has two numbers")
    }
    self.init(kind, value, thresholds: thresholds)
  }

  private static func threshold(_ item: String, of text: String) throws -> Threshold {
    let parts = item.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, let exit = Int(parts[0]), exit > 0, let number = Float(parts[1]), number.isFinite else {
      throw PexError(.usage, "--policy \(text): '\(item)': expected the number of an exit and its own, as in 3=0.6")
    }
    return Threshold(exit: exit, threshold: number)
  }

  private static func allows(_ number: Float, _ kind: Kind) -> Bool {
    switch kind {
    case .confidence, .margin: (0...1).contains(number)
    case .entropy: number >= 0
    case .patience: number >= 1 && number <= 65536 && number == number.rounded()
    }
  }

  /// The policy as ``init(parsing:)`` reads it.
  public var text: String {
    "\(kind.rawValue):\(word(value))" + thresholds.map { ",\($0.exit)=\(word($0.threshold))" }.joined()
  }

  /// Exits are counted in whole numbers.
  private func word(_ number: Float) -> String {
    kind == .patience ? Int(exactly: number).map(String.init) ?? "\(number)" : "\(number)"
  }
}
