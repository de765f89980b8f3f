import PexTensor

/// When to stop at an exit: what a bundle or a head file says, unless the user says otherwise.
public struct PolicyRecord: Hashable, Sendable {
  /// What is looked at.
  public enum Kind: String, CaseIterable, Sendable {
    /// Stop when the largest probability is at least the number, 0…1.
    case confidence
    /// Stop when the entropy of the probabilities is at most the number, 0 or more.
    case entropy
    /// Stop when the two largest probabilities differ by at least the number, 0…1.
    case margin
    /// Stop when as many exits in a row as the number says, 1…65536, agree.
    case patience
  }

  /// A number of its own for one exit.
  public struct Threshold: Hashable, Sendable {
    /// The exit's number. In a head file: the number that its head carries.
    public var exit: Int
    /// Takes the place of ``PolicyRecord/value`` there.
    public var threshold: Float

    /// A threshold.
    public init(exit: Int, threshold: Float) {
      self.exit = exit
      self.threshold = threshold
    }
  }

  /// What is looked at.
  public var kind: Kind
  /// The number it is compared with; see ``Kind``.
  public var value: Float
  /// Numbers of single exits, ascending by exit, each once.
  public var thresholds: [Threshold]

  /// A policy.
  public init(_ kind: Kind, _ value: Float, thresholds: [Threshold] = []) {
    self.kind = kind
    self.value = value
    self.thresholds = thresholds
  }

  /// Checks every number.
  /// - Throws: ``PexError`` (malformed) naming the number.
  func validated(exits: [Int]) throws -> PolicyRecord {
    let section = SectionKind.policy.name
    try BundleLimits.require(thresholds.count, "thresholds", BundleLimits.exits, section)
    for number in [value] + thresholds.map(\.threshold) where !isAllowed(number) {
      throw BundleFault.value(kind.rawValue, expected: "a number of its range", found: "\(number)").error(section)
    }
    for (index, threshold) in thresholds.enumerated() {
      guard exits.contains(threshold.exit), index == 0 || thresholds[index - 1].exit < threshold.exit else {
        throw BundleFault.reference("threshold: exit", threshold.exit).error(section)
      }
    }
    return self
  }

  private func isAllowed(_ number: Float) -> Bool {
    switch kind {
    case .confidence, .margin: (0...1).contains(number)
    case .entropy: number >= 0 && number.isFinite
    case .patience: (1...65536).contains(number) && number.rounded() == number
    }
  }

  var message: Pex_Policy {
    var message = Pex_Policy()
    message.kind = kind.rawValue
    message.value = value
    message.thresholds = thresholds.map { threshold in
      var message = Pex_ExitThreshold()
      message.exit = UInt32(clamping: threshold.exit)
      message.threshold = threshold.threshold
      return message
    }
    return message
  }

  init(_ message: Pex_Policy, exits: [Int]) throws {
    kind = try word(message.kind, "policy", SectionKind.policy.name)
    value = message.value
    thresholds = message.thresholds.map { Threshold(exit: Int($0.exit), threshold: $0.threshold) }
    _ = try validated(exits: exits)
  }
}
