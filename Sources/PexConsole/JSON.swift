import Foundation

/// A JSON value whose objects keep their keys in the order in which they were written, so that reports read well and
/// `"format"` comes first.
public enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  /// A number that a reader computes with: as many digits as tell it from all others.
  case exact(Float)
  case string(String)
  case array([JSON])
  case object([(key: String, value: JSON)])

  /// A report: an object whose first key is `"format": 1`.
  public static func report(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .object([("format", .integer(1))] + members.map { ($0.key, $0.value) })
  }

  /// An object with the given members, in order.
  public static func members(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .object(members.map { ($0.key, $0.value) })
  }

  /// The value, or null when there is none.
  public static func optional<Value>(_ value: Value?, _ make: (Value) -> JSON) -> JSON {
    value.map(make) ?? .null
  }

  /// Whether there is nothing to say.
  public var isNull: Bool { if case .null = self { true } else { false } }

  /// The value as text: one line, without spaces that mean nothing.
  public var text: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    // JSON has no word for what is not finite.
    case .number(let value): text += value.isFinite ? Self.shortest(value) : "null"
    case .exact(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): text += Self.quoted(value)
    case .array(let values):
      text += "["
      for (index, value) in values.enumerated() {
        if index > 0 { text += "," }
        value.write(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        text += Self.quoted(member.key) + ":"
        member.value.write(to: &text)
      }
      text += "}"
    }
  }

  /// Six significant digits are more than any measurement here holds.
  private static func shortest(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(format: "%.6g", value)
  }

  private static func quoted(_ string: String) -> String {
    var result = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 {
          result += String(format: "\\u%04x", scalar.value)
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  /// The literal as it stands.
  public init(stringLiteral value: String) { self = .string(value) }
  /// The literal as it stands.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// The literal as it stands.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
