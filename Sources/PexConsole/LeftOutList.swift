import PexData
import PexTensor
import PexTraining

/// Everything that was not used, file by file, for reports: sentences name three of a kind.
public struct LeftOutList {
  /// So many are listed.
  private static let listed = 1000

  private let files: LeftOutFiles
  private let unusable: [(name: String, reason: String)]

  /// What folders left out, and samples of which nothing could be made.
  public init(_ files: [LeftOutFiles], _ samples: [UnreadableSample]) {
    self.init(files, unusable: samples.map { ($0.name, $0.reason) })
  }

  /// What folders left out, and inputs of which nothing could be made, by name.
  public init(_ files: [LeftOutFiles], unusable: [(name: String, reason: PexError)]) {
    self.files = files.reduce(into: LeftOutFiles()) { $0.add($1) }
    self.unusable = unusable.map { name, reason in
      let place = name + ": "
      let message = reason.message
      return (name, message.hasPrefix(place) ? String(message.dropFirst(place.count)) : message)
    }
  }

  /// How many there are, and the first of them: what cannot be used, then what is no sample, a system's own files last.
  public var json: JSON {
    let listed =
      unusable.map { ($0.name, "unusable", $0.reason) }
      + files.files.map { ($0.path, $0.reason.rawValue, $0.reason.words) }
    return .members([
      "count": .integer(unusable.count + files.count),
      "files": .array(
        listed.prefix(Self.listed).map { file, kind, reason in
          .members(["file": .string(file), "kind": .string(kind), "reason": .string(reason)])
        }),
    ])
  }
}
