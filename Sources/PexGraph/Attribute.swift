import PexTensor

/// The value of one setting of an operation. Text form, bundle and digest all write operations as lists of these.
public enum AttributeValue: Hashable, Sendable {
  case integer(Int)
  case float(Double)
  case integers([Int])
  case word(String)
  case dimensions([Dimension])
}

/// One named setting of an operation.
public struct Attribute: Hashable, Sendable {
  /// Lower-case name, unique within the operation.
  public var name: String
  /// The setting.
  public var value: AttributeValue

  /// A named setting.
  public init(_ name: String, _ value: AttributeValue) {
    self.name = name
    self.value = value
  }
}

/// Takes an operation's settings out of a list, by name and type; every failure names the setting and what was expected.
public struct AttributeReader {
  private var remaining: [String: AttributeValue] = [:]

  /// A reader of the given settings.
  /// - Throws: ``PexError`` (malformed) when a name occurs twice.
  public init(_ attributes: [Attribute]) throws {
    for attribute in attributes {
      guard remaining.updateValue(attribute.value, forKey: attribute.name) == nil else {
        throw PexError(.malformed, "attribute '\(attribute.name)' occurs twice")
      }
    }
  }

  /// The integer named `name`.
  public mutating func integer(_ name: String) throws -> Int {
    guard case .integer(let value)? = remaining.removeValue(forKey: name) else { throw missing(name, "an integer") }
    return value
  }

  /// The truth value named `name`, written 0 or 1.
  public mutating func flag(_ name: String) throws -> Bool {
    let value = try integer(name)
    guard value == 0 || value == 1 else { throw missing(name, "0 or 1") }
    return value == 1
  }

  /// The finite or infinite number named `name`; NaN is refused.
  public mutating func float(_ name: String) throws -> Double {
    switch remaining.removeValue(forKey: name) {
    case .float(let value)? where !value.isNaN: return value
    case .integer(let value)?: return Double(value)
    default: throw missing(name, "a number")
    }
  }

  /// The list of integers named `name`.
  public mutating func integers(_ name: String) throws -> [Int] {
    guard case .integers(let value)? = remaining.removeValue(forKey: name) else {
      throw missing(name, "a list of integers")
    }
    return value
  }

  /// The list of extents named `name`, `N` allowed.
  public mutating func dimensions(_ name: String) throws -> [Dimension] {
    switch remaining.removeValue(forKey: name) {
    case .dimensions(let value)?: return value
    case .integers(let value)?: return value.map(Dimension.fixed)
    default: throw missing(name, "a list of extents")
    }
  }

  /// The word named `name`, one of the raw values of `Choice`.
  public mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws -> Choice
  where Choice.RawValue == String {
    let words = Choice.allCases.map(\.rawValue).joined(separator: "|")
    guard case .word(let word)? = remaining.removeValue(forKey: name), let choice = Choice(rawValue: word) else {
      throw missing(name, words)
    }
    return choice
  }

  /// Whether a setting of that name has not been taken yet.
  public func has(_ name: String) -> Bool { remaining[name] != nil }

  /// Checks that every setting was taken.
  /// - Throws: ``PexError`` (unsupported) naming the first unknown setting.
  public func finish() throws {
    guard let name = remaining.keys.sorted().first else { return }
    throw PexError(.unsupported, "unknown attribute '\(name)'", hint: "a newer pex may know it")
  }

  private func missing(_ name: String, _ expected: String) -> PexError {
    PexError(.malformed, "attribute '\(name)': expected \(expected)")
  }
}
