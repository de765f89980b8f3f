/// What lies in a folder of samples and is not read: how many, why, and the names of the first thousand for each reason.
public struct LeftOutFiles: Hashable, Sendable {
  /// One of them.
  public struct File: Hashable, Sendable {
    /// Its path; that of a folder ends with a slash.
    public let path: String
    /// Why it is not read.
    public let reason: Reason
  }

  /// Why something is not read.
  public enum Reason: String, CaseIterable, Sendable {
    /// A file whose content is no picture and no array.
    case noPicture = "no_picture"
    /// A picture or an array that no class folder holds, where there are class folders.
    case besideClasses = "beside_classes"
    /// A link that leads to nothing, or round in a circle.
    case brokenLink = "broken_link"
    /// A pipe, a socket or a device.
    case noFile = "no_file"
    /// A file or folder that may not be opened.
    case unreadable
    /// A folder that was read under another name: links lead round in a circle, or twice to the same place.
    case folderAgain = "folder_again"
    /// A picture or a folder whose name begins with a dot: somebody may have meant it to be seen.
    case hidden
    /// What systems and programs leave in everybody's folders, and whatever lies in folders of theirs: nobody misses it.
    case system

    /// Part of a sentence about one file: `is no picture`.
    public var words: String {
      switch self {
      case .hidden: "is hidden"
      case .system: "is a system's own"
      case .noPicture, .besideClasses, .brokenLink, .noFile, .unreadable, .folderAgain: words(1)
      }
    }

    fileprivate func words(_ count: Int) -> String {
      let isOne = count == 1
      return switch self {
      case .noPicture: isOne ? "is no picture" : "are no pictures"
      case .besideClasses: isOne ? "lies beside the class folders" : "lie beside the class folders"
      case .brokenLink: isOne ? "is a link that leads nowhere" : "are links that lead nowhere"
      case .noFile: isOne ? "is a pipe or a device" : "are pipes or devices"
      case .unreadable: "cannot be opened"
      case .folderAgain: isOne ? "is a folder that is read already" : "are folders that are read already"
      case .hidden, .system: isOne ? "is a hidden file or a system's own" : "are hidden files or a system's own"
      }
    }
  }

  /// What is told as one: whoever looks into a folder sees neither hidden files nor a system's.
  private static let told: [[Reason]] =
    Reason.allCases.filter { ![.hidden, .system].contains($0) }.map { [$0] } + [[.hidden, .system]]

  /// So many are named for each reason in a sentence.
  private static let named = 3
  /// So many are kept for each reason, for lists.
  private static let kept = 1000

  private var counts: [Reason: Int] = [:]
  private var names: [Reason: [String]] = [:]

  /// Nothing left out.
  public init() {}

  /// How many there are in all.
  public var count: Int { counts.values.reduce(0, +) }

  /// How many there are for one reason.
  public func count(_ reason: Reason) -> Int { counts[reason] ?? 0 }

  /// How many there are that somebody may miss: all but a system's own.
  public var missed: Int { count - count(.system) }

  /// The first thousand for each reason, a system's own last.
  public var files: [File] {
    Reason.allCases.flatMap { reason in (names[reason] ?? []).map { File(path: $0, reason: reason) } }
  }

  /// Counts one more.
  mutating func add(_ name: @autoclosure () -> String, _ reason: Reason) {
    counts[reason, default: 0] += 1
    if names[reason, default: []].count < Self.kept { names[reason, default: []].append(name()) }
  }

  /// Counts what another part of the folder, or another folder, left out.
  public mutating func add(_ other: LeftOutFiles) {
    for (reason, count) in other.counts { counts[reason, default: 0] += count }
    for (reason, more) in other.names where names[reason, default: []].count < Self.kept {
      names[reason] = Array((names[reason, default: []] + more).prefix(Self.kept))
    }
  }

  /// Reasons with counts and some names, in a part of a sentence: `2 are no pictures (a.txt, b.mov)`; nil when there is
  /// nothing to say.
  public var summary: String? {
    let parts = Self.told.compactMap { reasons -> String? in
      let count = reasons.reduce(0) { $0 + self.count($1) }
      guard count > 0 else { return nil }
      return "\(count) \(reasons[0].words(count)) (\(Self.some(reasons.flatMap { names[$0] ?? [] }, of: count)))"
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// One sentence about all of them, nil when there are none. Where nothing but hidden files and a system's own is left out, a
  /// short one without paths.
  var sentence: String? {
    guard let summary else { return nil }
    guard count == count(.hidden) + count(.system) else {
      return "\(count) \(count == 1 ? "entry is" : "entries are") left out: \(summary)"
    }
    var kinds: [String] = []
    for name in [Reason.hidden, .system].flatMap({ names[$0] ?? [] }).map(Self.kind)
    where !kinds.contains(name) && kinds.count <= Self.named {
      kinds.append(name)
    }
    let what = count == 1 ? "hidden file or a system's own is" : "hidden files or a system's own are"
    return "\(count) \(what) left out (\(Self.some(kinds, of: kinds.count)))"
  }

  private static func some(_ names: [String], of count: Int) -> String {
    names.prefix(named).joined(separator: ", ") + (count > named ? ", …" : "")
  }

  /// A file's name without its folder. A Mac's `._NAME` beside every file on a foreign disk are one kind.
  private static func kind(_ path: String) -> String {
    let isFolder = path.hasSuffix("/")
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return name.hasPrefix("._") ? "._*" : name + (isFolder ? "/" : "")
  }
}
