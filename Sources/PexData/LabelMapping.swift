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
  /// as many as the classes, and stand for them in sorted order, with a warning. With neither labels nor a class count the
  /// folders are the classes.
  /// - Parameters:
  ///   - folders: names of class folders, sorted by their bytes.
  ///   - labels: the bundle's class names; empty when it has none.
  ///   - classCount: the number of classes of the model; nil when it has no classifier.
  ///   - own: how other folders are taken; nil to refuse them.
  /// - Throws: ``PexError`` (malformed) when a folder has no class or more than one, or the counts differ.
  public init(folders: [String], labels: [String], classCount: Int?, own: OwnClasses? = nil) throws {
    if labels.isEmpty, let classCount, own?.names.isEmpty ?? true, own?.renames.isEmpty ?? true {
      if let numbers = Self.numbers(folders, below: classCount) {
        self.init(numbers, (0..<classCount).map(String.init))
        return
      }
      if folders.count == classCount {
        self.init(
          Array(folders.indices), (0..<classCount).map(String.init),
          ["the bundle has no class names: folders stand for classes 0 to \(classCount - 1) in sorted order"])
        return
      }
      guard own != nil else {
        throw PexError(
          .malformed, "expected \(classCount) class folders, found \(folders.count)",
          hint: "give the bundle class names (pexconvert --labels) to train on some classes only")
      }
    }
    guard !labels.isEmpty || classCount != nil else {
      let names = folders.map { own?.renames[$0] ?? $0 }
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
  private var unknown: [String] = []
  private let modelCount: Int
  private let own: OwnClasses?
  /// Indices by what is compared: exact bytes, Unicode's normal form, that without case.
  private var exact: [[UInt8]: [Int]] = [:]
  private var normal: [String: [Int]] = [:]
  private var folded: [String: [Int]] = [:]

  init(model: [String], own: OwnClasses?) {
    names = []
    modelCount = model.count
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
    let name = own?.renames[folder] ?? folder
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
    add(Self.normal(name))
    if let near = similar(to: name) {
      warnings.append(
        "\(Self.ownClasses([name])) (for the model's '\(near)' say --map '\(name)=\(near)')")
    } else {
      strangers.append(name)
    }
    return names.count - 1
  }

  /// What the user should know of all folders, after the last one.
  var allWarnings: [String] { warnings + (strangers.isEmpty ? [] : [Self.ownClasses(strangers)]) }

  private static func ownClasses(_ names: [String]) -> String {
    "no class of the model is named \(list(names)): "
      + (names.count == 1 ? "it is a class of your own" : "they are classes of your own")
  }

  private func only(_ indices: [Int], _ folder: String) throws -> Int {
    guard indices.count == 1, let index = indices.first else {
      throw PexError(.malformed, "more than one class is named '\(folder)'")
    }
    return index
  }

  func requireKnown(_ model: [String]) throws {
    guard unknown.isEmpty else {
      throw PexError(
        .malformed, "no class is named \(Self.list(unknown))", hint: "the model's classes are \(Self.list(model))")
    }
  }

  /// The model's class that a slip of the pen would be nearest to.
  private func similar(to name: String) -> String? {
    names.prefix(modelCount).first { $0.count > 3 && Self.isOneSlip($0, name) }
  }

  /// Whether one letter more, less or other makes the names equal.
  private static func isOneSlip(_ left: String, _ right: String) -> Bool {
    let (short, long) = left.count <= right.count ? (Array(left), Array(right)) : (Array(right), Array(left))
    guard long.count - short.count <= 1 else { return false }
    let front = zip(short, long).prefix { $0 == $1 }.count
    let back = zip(short.reversed(), long.reversed()).prefix { $0 == $1 }.count
    return front + back >= long.count - 1
  }

  /// At most twenty names for a message.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 20 ? "\(shown) and \(names.count - 20) more" : shown
  }
}
