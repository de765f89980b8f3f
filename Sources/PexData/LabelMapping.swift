import Foundation
import PexTensor

/// Which class each class folder stands for: one of the model's, or one of the person's own.
public struct LabelMapping: Hashable, Sendable {
  /// For each folder, in the order given, the index of its class in ``names``.
  public let indices: [Int]
  /// The names of all classes: the model's, then those of the person's own. Without names of the model's its numbers.
  public let names: [String]
  /// What the user should know, one line each.
  public let warnings: [String]

  /// Maps folders to classes.
  ///
  /// With `labels`, by name: of the same bytes, else of the same letters however Unicode spells them, else of the same letters
  /// but for their case, which is said. Without, folders that are numbers are classes of that number; any other folders must be
  /// as many as the classes, and stand for them in sorted order, with a warning, unless they are meant to be a person's own.
  /// With neither labels nor a class count the folders are the classes.
  /// - Parameters:
  ///   - folders: names of class folders, sorted by their bytes.
  ///   - all: these and the empty ones, which make no class, but count where folders are as many as the classes.
  ///   - labels: the bundle's class names; empty when it has none.
  ///   - classCount: the number of classes of the model; nil when it has no classifier.
  ///   - own: how other folders are taken; nil to refuse them.
  /// - Throws: ``PexError`` (malformed) when a folder has no class or more than one, the counts differ, or the name of a
  ///   class would hold control characters; (usage) when one of `own`'s renames speaks of no folder.
  public init(
    folders: [String], among all: [String]? = nil, labels: [String], classCount: Int?, own: OwnClasses? = nil
  ) throws {
    let all = all ?? folders
    try own?.requireFolders(among: all)
    let hasOwn = own.map { $0.areMeant || !$0.names.isEmpty || !$0.renames.isEmpty } ?? false
    if labels.isEmpty, let classCount, !hasOwn {
      if let numbers = Self.numbers(folders, below: classCount) {
        self.init(numbers, (0..<classCount).map(String.init))
        return
      }
      if all.count == classCount {
        let places = Dictionary(all.enumerated().map { (Array($1.utf8), $0) }) { first, _ in first }
        self.init(
          folders.map { places[Array($0.utf8)] ?? 0 }, (0..<classCount).map(String.init),
          [
            "the bundle has no class names: folders stand for classes 0 to \(classCount - 1) in sorted order"
              + (own == nil ? "" : "; pextrain --classes own makes them classes of your own")
          ])
        return
      }
      guard own != nil else {
        throw PexError(
          .malformed, "expected \(classCount) class folders, found \(all.count)",
          hint: "give the bundle class names (pexconvert --labels) to train on some classes only")
      }
    }
    guard !labels.isEmpty || classCount != nil else {
      let names = try folders.map { try OwnClasses.name(of: $0, own) }
      var (unique, places): ([String], [String: Int]) = ([], [:])
      for name in names where places.updateValue(places[name] ?? unique.count, forKey: name) == nil {
        unique.append(name)
      }
      self.init(names.map { places[$0] ?? 0 }, unique)
      return
    }
    let model = labels.isEmpty ? (0..<(classCount ?? 0)).map(String.init) : labels
    var mapper = Mapper(model: model, own: own)
    let indices = try folders.map { try mapper.index(of: $0) }
    try mapper.requireKnown(model)
    self.init(indices, mapper.names, mapper.allWarnings)
  }

  private init(_ indices: [Int], _ names: [String], _ warnings: [String] = []) {
    (self.indices, self.names, self.warnings) = (indices, names, warnings)
  }

  /// The folders' numbers, when all of them are numbers of classes as they are written.
  private static func numbers(_ folders: [String], below count: Int) -> [Int]? {
    let numbers = folders.compactMap { name in Int(name).flatMap { String($0) == name && $0 < count ? $0 : nil } }
    return numbers.count == folders.count ? numbers : nil
  }
}

/// Finds the class of one folder after the other.
private struct Mapper {
  private(set) var names: [String]
  private var warnings: [String] = []
  /// Names that are near none of the model's.
  private var strangers: [String] = []
  /// Names that are near one of the model's, with their folders.
  private var near: [(folder: String, name: String, known: String)] = []
  private var unknown: [String] = []
  private let modelNames: NearNames
  private let own: OwnClasses?
  /// Indices by what is compared: exact bytes, Unicode's normal form, that without case.
  private var exact: [[UInt8]: [Int]] = [:]
  private var normal: [String: [Int]] = [:]
  private var folded: [String: [Int]] = [:]

  init(model: [String], own: OwnClasses?) {
    names = []
    modelNames = NearNames(model)
    self.own = own
    for name in model + (own?.names ?? []) { add(name) }
  }

  private mutating func add(_ name: String) {
    let index = names.count
    names.append(name)
    exact[Array(name.utf8), default: []].append(index)
    normal[Self.normal(name), default: []].append(index)
    folded[Self.normal(name).lowercased(), default: []].append(index)
  }

  private static func normal(_ name: String) -> String { name.precomposedStringWithCanonicalMapping }

  mutating func index(of folder: String) throws -> Int {
    let name = own?.rename(of: folder) ?? folder
    if let found = exact[Array(name.utf8)] { return try only(found, folder) }
    if let found = normal[Self.normal(name)] { return try only(found, folder) }
    if let found = folded[Self.normal(name).lowercased()] {
      let index = try only(found, folder)
      warnings.append("the folder '\(folder)' is taken for the class '\(names[index])'")
      return index
    }
    guard own != nil else {
      unknown.append(folder)
      return 0
    }
    add(Self.normal(try OwnClasses.name(of: folder, own)))
    if let known = modelNames.nearest(to: name) {
      near.append((folder, name, known))
    } else {
      strangers.append(name)
    }
    return names.count - 1
  }

  /// What the user should know of all folders, after the last one.
  var allWarnings: [String] {
    warnings + (near.isEmpty ? [] : [Self.ownClasses(near.map(\.name)) + " (\(suggestion))"])
      + (strangers.isEmpty ? [] : [Self.ownClasses(strangers)])
  }

  private static func ownClasses(_ names: [String]) -> String {
    "no class of the model is named \(list(names: names)): "
      + (names.count == 1 ? "it is a class of your own" : "they are classes of your own")
  }

  /// What to say where classes of the model are meant.
  private var suggestion: String {
    let maps = near.prefix(20).map { "--map \(Self.quoted("\($0.folder.visible)=\($0.known)"))" }
    let meant = near.count == 1 ? "the model's '\(near[0].known)'" : "the model's"
    return "for \(meant) say \(maps.joined(separator: " "))\(near.count > 20 ? " …" : "")"
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private func only(_ indices: [Int], _ folder: String) throws -> Int {
    guard indices.count == 1, let index = indices.first else {
      let known = Set(indices.map { names[$0] }).sorted()
      let maps = known.prefix(4).map { "--map \(Self.quoted("\(folder.visible)=\($0)"))" }
      throw PexError(
        .malformed, "more than one class is named '\(folder.visible)'",
        hint: known.count > 1 ? "say which is meant: \(maps.joined(separator: " or "))" : nil)
    }
    return index
  }

  func requireKnown(_ model: [String]) throws {
    guard unknown.isEmpty else {
      let near = unknown.compactMap(modelNames.nearest)
      let meant = near.isEmpty ? "" : "near \(near.count == 1 ? "is" : "are") \(list(names: near)); "
      throw PexError(
        .malformed, "no class is named \(list(names: unknown))",
        hint: "\(meant)the model's classes are \(list(names: model))")
    }
  }
}
