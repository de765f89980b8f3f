/// How folders that are named like no class of the model are taken.
public struct OwnClasses: Hashable, Sendable {
  /// Classes of the person's own that are known already, by an earlier head file.
  public var names: [String]
  /// Classes that folders stand for, by the folder's name: `["mug": "coffee_mug"]`.
  public var renames: [String: String]

  /// Any folder may be a class of the person's own.
  public init(names: [String] = [], renames: [String: String] = [:]) {
    (self.names, self.renames) = (names, renames)
  }
}
