/// Classes that too few samples speak of.
public struct ClassGaps: Hashable, Sendable {
  /// Names of classes without any sample: what is known of them is what heads started from.
  public let unseen: [String]
  /// Names of classes that have samples, none of which is held out: figures say nothing about them. A class's only sample
  /// always trains.
  public let unmeasured: [String]

  /// - Parameters:
  ///   - names: of the heads' classes.
  ///   - answers: one a sample, an index of the names; nil where there is none.
  ///   - isTaught: whether a teacher tells something of every class with every sample.
  init(_ names: [String], answers: [Int?], isTaught: Bool, _ split: Split) {
    let seen = Set(answers.compactMap { $0 })
    let held = Set(split.held.compactMap { answers.indices.contains($0) ? answers[$0] : nil })
    unseen = isTaught ? [] : names.indices.filter { !seen.contains($0) }.map { names[$0] }
    unmeasured = held.isEmpty ? [] : names.indices.filter { seen.contains($0) && !held.contains($0) }.map { names[$0] }
  }
}
