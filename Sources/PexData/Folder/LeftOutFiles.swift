/// What lies in a folder of samples and is not read: how many, why, and some of the names.
public struct LeftOutFiles: Hashable, Sendable {
  /// Why something is not read.
  public enum Reason: CaseIterable, Sendable {
    /// A file whose content is no picture and no array.
    case noPicture
    /// A link that leads to nothing, or round in a circle.
    case brokenLink
    /// A picture or a folder whose name begins with a dot.
    case hidden
    /// A pipe, a socket or a device.
    case noFile
    /// A file or folder that may not be opened.
    case unreadable
    /// A folder that was read under another name: links lead round in a circle, or twice to the same place.
    case folderAgain

    fileprivate func words(_ count: Int) -> String {
      let isOne = count == 1
      return switch self {
      case .noPicture: isOne ? "is no picture" : "are no pictures"
      case .brokenLink: isOne ? "is a link that leads nowhere" : "are links that lead nowhere"
      case .hidden: isOne ? "is hidden" : "are hidden"
      case .noFile: isOne ? "is a pipe or a device" : "are pipes or devices"
      case .unreadable: "cannot be opened"
      case .folderAgain: isOne ? "is a folder that is read already" : "are folders that are read already"
      }
    }
  }

  /// So many are named for each reason.
  private static let named = 3

  private var counts: [Reason: Int] = [:]
  private var names: [Reason: [String]] = [:]

  /// Nothing left out.
  public init() {}

  /// How many there are in all.
  public var count: Int { counts.values.reduce(0, +) }

  /// How many there are for one reason.
  public func count(_ reason: Reason) -> Int { counts[reason] ?? 0 }

  /// Counts one more.
  mutating func add(_ name: @autoclosure () -> String, _ reason: Reason) {
    counts[reason, default: 0] += 1
    if names[reason, default: []].count < Self.named { names[reason, default: []].append(name()) }
  }

  /// Counts what another part of the folder left out.
  mutating func add(_ other: LeftOutFiles) {
    for (reason, count) in other.counts { counts[reason, default: 0] += count }
    for (reason, more) in other.names {
      names[reason] = Array((names[reason, default: []] + more).prefix(Self.named))
    }
  }

  /// Reasons with counts and some names, in a part of a sentence: `2 are no pictures (a.txt, b.mov)`; nil when there is
  /// nothing to say.
  public var summary: String? {
    let parts = Reason.allCases.compactMap { reason -> String? in
      guard let count = counts[reason], let names = names[reason] else { return nil }
      let more = count > names.count ? ", …" : ""
      return "\(count) \(reason.words(count)) (\(names.joined(separator: ", "))\(more))"
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }
}
