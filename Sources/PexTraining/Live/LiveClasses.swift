import PexTensor

/// The classes that a person's samples may have: the model's, and the person's own.
struct LiveClasses: Sendable {
  /// The model's, in the order of its classifier's outputs.
  let known: [String]
  /// The person's own, in the order in which they were added.
  private(set) var own: [String] = []

  /// More own classes than this are a mistake.
  static let mostOwn = 1 << 16

  var all: [String] { known + own }

  /// The name of a class by its number among ``all``.
  /// - Throws: ``PexError`` (usage) when there is no such class.
  func name(_ number: Int) throws -> String {
    guard all.indices.contains(number) else {
      throw PexError(
        .usage, "a sample's label is \(number), and there are \(all.count) classes",
        hint: all.isEmpty ? "add the classes first" : "labels: 0 to \(all.count - 1)")
    }
    return all[number]
  }

  /// The class of that name, whichever Unicode form it is written in.
  /// - Throws: ``PexError`` (usage) when there is none, naming one that differs in case alone.
  func checked(_ name: String) throws -> String {
    // Swift compares text by what it means: composed or not, it is the same.
    if let known = all.first(where: { $0 == name }) { return known }
    let near = all.first { $0.lowercased() == name.lowercased() }
    throw PexError(
      .usage, "there is no class '\(name)'",
      hint: near.map { "do you mean '\($0)'?" }
        ?? "add the class first, or use one of \(all.prefix(8).joined(separator: ", "))"
    )
  }

  /// Adds a class of the person's own.
  /// - Throws: ``PexError`` (usage) when it has no name, there is one already, or there are too many.
  mutating func add(_ name: String) throws {
    try requireNew(name)
    guard own.count < Self.mostOwn else { throw PexError(.usage, "there are \(own.count) classes of your own already") }
    own.append(name)
  }

  /// Removes a class of the person's own; one of the model's stays known.
  mutating func remove(_ name: String) { own.removeAll { $0 == name } }

  /// - Throws: ``PexError`` (usage) when `name` is no class of the person's own or the new one cannot be taken.
  mutating func rename(_ name: String, to new: String) throws {
    guard let place = own.firstIndex(of: name) else {
      throw PexError(
        .usage, "'\(name)' is no class of your own",
        hint: known.contains(name) ? "the model's classes keep their names" : "add the class first")
    }
    if new.lowercased() != name.lowercased() { try requireNew(new) }
    own[place] = new
  }

  private func requireNew(_ name: String) throws {
    guard !name.isEmpty else { throw PexError(.usage, "a class needs a name") }
    if let there = all.first(where: { $0.lowercased() == name.lowercased() }) {
      throw PexError(.usage, "there is a class '\(there)' already")
    }
  }
}
