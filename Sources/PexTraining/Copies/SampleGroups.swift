import PexTensor

/// Which samples are copies of one another, and which of them count: a picture is one picture however many files hold it.
///
/// Copies on both sides of a split would let heads be measured on what they were trained on, and every copy would be one
/// sample more in a count that promises rest on. So one of them stands for all.
public struct SampleGroups: Hashable, Sendable {
  /// Samples that are copies of one another.
  public struct Group: Hashable, Sendable {
    /// Their numbers, rising; two or more.
    public let members: [Int]
    /// The one that stands for all, which has a label if any of them has; nil when their labels contradict each other, and
    /// none of them counts.
    public let kept: Int?
    /// Whether all are equal in every number that was looked at; else some are nearly equal.
    public let isExact: Bool

    /// - Parameter members: in any order.
    public init(members: [Int], kept: Int?, isExact: Bool) {
      (self.members, self.kept, self.isExact) = (members.sorted(), kept, isExact)
    }
  }

  /// The groups of two or more, in the order of their first members.
  public let groups: [Group]

  /// - Parameter groups: in any order; no sample is in two of them.
  public init(_ groups: [Group] = []) { self.groups = groups.sorted { $0.members[0] < $1.members[0] } }

  /// Groups of which one member counts.
  public var agreeing: [Group] { groups.filter { $0.kept != nil } }
  /// Groups of which none counts, since one picture cannot be of two classes.
  public var contradicting: [Group] { groups.filter { $0.kept == nil } }
  /// How many samples do not count because another one stands for them.
  public var copies: Int { agreeing.reduce(0) { $0 + $1.members.count - 1 } }
  /// The samples that do not count.
  public var leftOut: Set<Int> {
    Set(groups.flatMap { group in group.members.filter { $0 != group.kept } })
  }

  /// The same groups of samples that have other numbers.
  /// - Parameter numbers: of every sample, rising; those of this value must be below their count.
  func numbered(by numbers: [Int]) -> SampleGroups {
    SampleGroups(
      groups.map { group in
        Group(
          members: group.members.map { numbers[$0] }, kept: group.kept.map { numbers[$0] }, isExact: group.isExact)
      })
  }

  /// What does not count, in words; nil when everything does.
  public var summary: String? {
    let (copies, originals) = (copies, agreeing.count)
    let contradicting = contradicting.reduce(0) { $0 + $1.members.count }
    let parts = [
      copies == 0
        ? nil
        : "\(copies) \(copies == 1 ? "copy" : "copies") of \(originals) \(originals == 1 ? "picture counts" : "pictures count") once",
      contradicting == 0 ? nil : "\(contradicting) copies with contradicting labels are left out",
    ]
    let said = parts.compactMap(\.self)
    return said.isEmpty ? nil : said.joined(separator: ", ")
  }

  /// The error of a training that lacks samples, saying that these were left out.
  func explaining(_ error: PexError) -> PexError {
    guard let summary else { return error }
    return PexError(error.kind, "\(error.message) (\(summary))", hint: error.hint)
  }
}
