import Foundation
import PexTensor

/// One value of a model's configuration, as JSON has it.
enum ConfigValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([ConfigValue])
  case object([String: ConfigValue])

  /// The most bytes of a configuration; the largest networks have less than a megabyte.
  private static let byteLimit = 1 << 26

  /// Reads a configuration. Python's infinities and NaN, which JSON itself does not have, are numbers.
  /// - Throws: ``PexError`` (malformed) when it is no JSON, too long or too deep.
  static func parse(_ bytes: some Collection<UInt8>, name: String) throws -> ConfigValue {
    guard bytes.count <= byteLimit else {
      throw PexError(.malformed, "\(name): expected at most \(byteLimit) bytes of JSON, found \(bytes.count)")
    }
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    do { return try decoder.decode(ConfigValue.self, from: Data(bytes)) } catch {
      throw PexError(
        .malformed,
        "\(name): expected the model's configuration in JSON, found something else, or it is nested too deep")
    }
  }

  subscript(key: String) -> ConfigValue? {
    guard case .object(let members) = self else { return nil }
    return members[key]
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  var list: [ConfigValue]? { if case .list(let list) = self { list } else { nil } }
  var object: [String: ConfigValue]? { if case .object(let members) = self { members } else { nil } }
  var number: Double? { if case .number(let number) = self { number } else { nil } }
  var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
  var isNull: Bool { self == .null }

  /// A whole number that is not beyond what any extent can be.
  var integer: Int? {
    guard let number, let integer = Int(exactly: number), integer.magnitude <= 1 << 40 else { return nil }
    return integer
  }
}

extension ConfigValue: Decodable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  /// Reads any JSON value.
  init(from decoder: any Decoder) throws {
    // Containers come first: to find that a value is none costs least there.
    if let container = try? decoder.container(keyedBy: Key.self) {
      var members: [String: ConfigValue] = [:]
      for key in container.allKeys { members[key.stringValue] = try container.decode(ConfigValue.self, forKey: key) }
      self = .object(members)
      return
    }
    if var container = try? decoder.unkeyedContainer() {
      var list: [ConfigValue] = []
      while !container.isAtEnd { list.append(try container.decode(ConfigValue.self)) }
      self = .list(list)
      return
    }
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .bool(try container.decode(Bool.self))
    }
  }
}

extension ConfigValue: CustomStringConvertible {
  /// As JSON, cut when it is long: for messages.
  var description: String {
    switch self {
    case .null: "null"
    case .bool(let bool): String(bool)
    case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
    case .text(let text): "'\(text.prefix(64))'"
    case .list(let list):
      "[" + list.prefix(8).map(\.description).joined(separator: ", ") + (list.count > 8 ? ", …]" : "]")
    case .object(let members): "{\(members.keys.sorted().prefix(4).joined(separator: ", "))…}"
    }
  }
}
