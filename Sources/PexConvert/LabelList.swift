import Foundation
import PexTensor

/// The names of classes, as files have them.
public struct LabelList: Hashable, Sendable {
  /// One name a class, each different.
  public let names: [String]
  /// What the user should know, one sentence each.
  public let warnings: [String]

  /// No list is longer.
  public static let mostBytes = 1 << 26

  /// Reads text with one name a line, a JSON list of names, or a JSON object: names by number
  /// (`{"0": "cat"}`, also as `id2label`), Keras' class index (`{"0": ["n01440764", "tench"]}`), or numbers by name (`{"cat": 0}`).
  ///
  /// Of names that occur twice the later ones get a number: ImageNet has two cranes, and both are classes.
  /// - Throws: ``PexError`` (malformed) when it is neither; when names are empty or hold control characters, or numbers are missing.
  public init(_ bytes: [UInt8]) throws {
    guard bytes.count <= Self.mostBytes, let text = String(bytes: bytes, encoding: .utf8) else {
      throw PexError(
        .malformed, "expected text in UTF-8, one class name a line",
        hint: bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff])
          ? "it looks like UTF-16: save it as UTF-8" : nil)
    }
    let plain = text.hasPrefix("\u{feff}") ? String(text.dropFirst()) : text
    let found = try Self.json(plain) ?? Self.lines(plain)
    if let empty = found.firstIndex(where: \.isEmpty) {
      throw PexError(.malformed, "class \(empty) (line \(empty + 1)) has no name")
    }
    if let odd = found.firstIndex(where: \.hasControlCharacters) {
      throw PexError(
        .malformed, "class \(odd): expected a name without control characters, found '\(found[odd].visible)'",
        hint: found[odd].contains("\t") ? "columns are not told apart: leave one name a line" : nil)
    }
    (names, warnings) = Self.distinct(found)
  }

  /// Blank lines at the end mean nothing.
  private static func lines(_ text: String) -> [String] {
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    while lines.last == "" { lines.removeLast() }
    return lines
  }

  /// The names in JSON; nil for other text: a line may begin with a brace.
  private static func json(_ text: String) throws -> [String]? {
    let first = text.first { !$0.isWhitespace }
    guard first == "[" || first == "{", let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) else {
      return nil
    }
    if let list = value as? [Any] { return try list.enumerated().map { try name($1, "class \($0)") } }
    guard var object = value as? [String: Any] else { return nil }
    for key in ["id2label", "label2id"] {
      if let inner = object[key] as? [String: Any] {
        object = inner
        break
      }
    }
    let byNumber = object.compactMap { key, value in Int(key).map { ($0, value) } }
    if byNumber.count == object.count {
      return try ordered(try byNumber.map { ($0, try name($1, "class \($0)")) })
    }
    return try ordered(
      try object.map { name, number in
        guard let number = number as? Int else {
          throw PexError(
            .malformed, "'\(name)': expected a class's number",
            hint: "JSON of labels is a list of names, or an object of names by number or numbers by name")
        }
        return (number, name)
      })
  }

  private static func name(_ value: Any, _ place: String) throws -> String {
    if let text = value as? String { return text.trimmingCharacters(in: .whitespaces) }
    // Keras' class index: the synset, then the name.
    if let pair = value as? [Any], pair.count == 2, let text = pair[1] as? String { return text }
    throw PexError(.malformed, "\(place): expected a name")
  }

  /// - Throws: ``PexError`` (malformed) when numbers are not 0, 1, 2 ….
  private static func ordered(_ pairs: [(number: Int, name: String)]) throws -> [String] {
    let sorted = pairs.sorted { $0.number < $1.number }
    if let place = sorted.indices.first(where: { sorted[$0].number != $0 }) {
      throw PexError(.malformed, "expected the classes 0 to \(sorted.count - 1), found \(sorted[place].number)")
    }
    return sorted.map(\.name)
  }

  /// The names with a number behind those that were there before.
  private static func distinct(_ names: [String]) -> ([String], [String]) {
    var (taken, result) = (Set(names), [String]())
    // How often a name was there: the next number to try.
    var counts: [String: Int] = [:]
    var changed: [String] = []
    for (index, name) in names.enumerated() {
      guard var number = counts.updateValue(1, forKey: name).map({ $0 + 1 }) else {
        result.append(name)
        continue
      }
      while !taken.insert("\(name) (\(number))").inserted { number += 1 }
      counts[name] = number
      changed.append("class \(index) is '\(name) (\(number))'")
      result.append("\(name) (\(number))")
    }
    guard !changed.isEmpty else { return (result, []) }
    let more = changed.count > 4 ? ", …" : ""
    return (result, ["labels that occur twice get a number: \(changed.prefix(4).joined(separator: ", "))\(more)"])
  }
}
