import PexTensor

/// How folders that are named like no class of the model are taken.
public struct OwnClasses: Hashable, Sendable {
  /// Classes of the person's own that are known already, by an earlier head file.
  public var names: [String]
  /// Classes that folders stand for, by the folder's name: `["mug": "coffee_mug"]`. Control characters in a folder's name may
  /// be written as messages write them.
  public var renames: [String: String]
  /// Whether folders are meant to be such classes: where the model's have no names, none of them stands for a number then by
  /// its place among the others.
  public var areMeant: Bool

  /// Any folder may be a class of the person's own.
  public init(names: [String] = [], renames: [String: String] = [:], areMeant: Bool = false) {
    (self.names, self.renames, self.areMeant) = (names, renames, areMeant)
  }

  /// The class that a folder was said to stand for; nil when nothing was said of it.
  func rename(of folder: String) -> String? { renames[folder] ?? renames[folder.visible] }

  /// The name of the class that a folder stands for where it is none of the model's.
  /// - Throws: ``PexError`` (malformed) when it cannot be the name of a class.
  static func name(of folder: String, _ own: OwnClasses?) throws -> String {
    let name = own?.rename(of: folder) ?? folder
    guard name.hasControlCharacters else { return name }
    throw PexError(
      .malformed, "the folder '\(folder.visible)': a class's name cannot hold control characters",
      hint: "rename the folder, or say what it stands for: pextrain --map '\(folder.visible)=CLASS'")
  }

  /// - Throws: ``PexError`` (usage) when a class was named for a folder that is not there: whatever was meant by it would
  ///   silently not happen.
  func requireFolders(among folders: [String]) throws {
    let there = Set(folders + folders.map(\.visible))
    guard let missing = renames.keys.sorted().first(where: { !there.contains($0) }) else { return }
    throw PexError(
      .usage, "--map '\(missing)=\(renames[missing] ?? "")': there is no class folder '\(missing)'",
      hint: folders.isEmpty ? "there are no class folders" : "the folders are \(list(names: folders))")
  }
}
