import PexTensor

/// Which class of the model each class folder stands for.
public struct LabelMapping: Hashable, Sendable {
  /// For each folder, in the order given, the index of its class.
  public let indices: [Int]
  /// What the user should know, if anything: one line.
  public let warning: String?

  /// Maps folders to classes.
  ///
  /// With `labels`, by name. Without, the folders must be as many as the classes, and stand for them in sorted
  /// order, with a warning. With neither labels nor a class count the folders are the classes.
  /// - Parameters:
  ///   - folders: names of class folders, sorted by their bytes.
  ///   - labels: the bundle's class names; empty when it has none.
  ///   - classCount: the number of classes of the model; nil when it has no classifier.
  /// - Throws: ``PexError`` (malformed) when a folder has no class or more than one, or the counts differ.
  public init(folders: [String], labels: [String], classCount: Int?) throws {
    if !labels.isEmpty {
      indices = try Self.byName(folders, labels)
      warning = nil
    } else if let classCount {
      guard folders.count == classCount else {
        throw PexError(
          .malformed, "expected \(classCount) class folders, found \(folders.count)",
          hint: "give the bundle class names (pexconvert --labels) to train on some classes only")
      }
      indices = Array(folders.indices)
      warning = "the bundle has no class names: folders stand for classes 0 to \(classCount - 1) in sorted order"
    } else {
      indices = Array(folders.indices)
      warning = nil
    }
  }

  private static func byName(_ folders: [String], _ labels: [String]) throws -> [Int] {
    // By their bytes: two names that only look the same are two names.
    let places = Dictionary(labels.enumerated().map { (Array($1.utf8), [$0]) }, uniquingKeysWith: +)
    let unknown = folders.filter { places[Array($0.utf8)] == nil }
    guard unknown.isEmpty else {
      throw PexError(
        .malformed, "no class is named \(list(unknown))", hint: "the model's classes are \(list(labels))")
    }
    return try folders.map { folder in
      guard let place = places[Array(folder.utf8)], place.count == 1, let index = place.first else {
        throw PexError(.malformed, "more than one class is named '\(folder)'")
      }
      return index
    }
  }

  /// At most twenty names for a message.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
  }
}
