import PexTensor

/// Tells when a person's recent inputs no longer look like those that heads were trained on.
///
/// It compares the pooled features of one tap, which the frozen trunk computes of trained and of new inputs alike. Recent
/// inputs are looked at a window at a time: the energy test (Székely and Rizzo 2004) says how probable it is that the
/// window and the reference come from one distribution. Without any drift the share of windows that
/// raise an alarm is at most ``level``, whatever the features look like.
///
/// Memory is bounded: ``referenceLimit`` and ``window`` rows of features. A value, for one thread at a time.
public struct DriftMonitor: Sendable {
  /// What a window came to.
  public struct Finding: Hashable, Sendable {
    /// The energy statistic; the larger, the less alike.
    public let statistic: Double
    /// How probable a statistic as large is without drift.
    public let pValue: Double
    /// Whether that is at most the level.
    public let isDrift: Bool
  }

  /// At most so many rows are kept of what heads were trained on.
  public static let referenceLimit = 128
  /// With fewer rows of it nothing can be told.
  public static let fewestReferences = 16

  /// The exit point whose tap the features are from; see `PexRuntime.Answer.features`.
  public let exit: Int
  /// Inputs a window.
  public let window: Int
  /// The share of windows that raise an alarm without drift.
  public let level: Double
  private let reference: [[Float]]
  private var recent: [[Float]] = []
  private var generator: SplitMix64

  /// A monitor.
  /// - Parameters:
  ///   - reference: pooled features of what heads were trained on, a row a sample; of more than
  ///     ``referenceLimit`` rows so many are drawn.
  ///   - exit: the exit point whose tap they are from.
  ///   - window: how many inputs are looked at together, 8…1024.
  ///   - level: the share of false alarms, 0.001…0.5.
  ///   - seed: decides what is drawn.
  /// - Throws: ``PexError``: (malformed) for fewer than ``fewestReferences`` rows or numbers that are not finite, (usage)
  ///   for a window or a level that is out of range, (defect) for rows of different widths.
  public init(reference: [[Float]], exit: Int, window: Int = 32, level: Double = 0.01, seed: UInt64 = 0) throws {
    guard (8...1024).contains(window), level >= 0.001, level <= 0.5 else {
      throw PexError(
        .usage, "a drift monitor with a window of \(window) and the level \(level): expected 8…1024 and 0.001…0.5")
    }
    guard reference.count >= Self.fewestReferences else {
      throw PexError(
        .malformed, "a drift monitor needs \(Self.fewestReferences) samples to compare with, found \(reference.count)")
    }
    guard let width = reference.first?.count, width > 0, reference.allSatisfy({ $0.count == width }) else {
      throw PexError(.defect, "a drift monitor needs features of one width")
    }
    guard reference.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw PexError(.malformed, "a drift monitor was given features that are not finite numbers")
    }
    var generator = SplitMix64(seed: seed)
    let drawn = generator.permutation(reference.count).prefix(Self.referenceLimit)
    self.reference = drawn.map { reference[$0] }
    self.generator = generator
    (self.exit, self.window, self.level) = (exit, window, level)
  }

  /// Takes a recent input's features.
  /// - Returns: what the window came to that it completes; nil within a window.
  /// - Throws: ``PexError``: (defect) for another width, (malformed) for numbers that are not finite. The input
  ///   does not count then.
  public mutating func observe(_ features: [Float]) throws -> Finding? {
    guard features.count == reference[0].count else {
      throw PexError(.defect, "\(features.count) features where the drift monitor knows \(reference[0].count)")
    }
    guard features.allSatisfy(\.isFinite) else {
      throw PexError(.malformed, "a drift monitor was given features that are not finite numbers")
    }
    recent.append(features)
    guard recent.count == window else { return nil }
    let found = EnergyTest(reference + recent).run(second: window, &generator)
    recent.removeAll(keepingCapacity: true)
    return Finding(statistic: found.statistic, pValue: found.pValue, isDrift: found.pValue <= level)
  }
}
