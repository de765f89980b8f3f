import PexTensor

/// A layer's settings.
struct Settings: Sendable {
  private let values: [String: ConfigValue]
  private var trace: ArgumentTrace?

  init(_ values: [String: ConfigValue]) { self.values = values }

  /// The same settings; what is read of them is noted.
  func traced(by trace: ArgumentTrace) -> Settings {
    var settings = self
    settings.trace = trace
    return settings
  }

  /// Whether a setting is there and null, where that is another value than the default.
  func isNull(_ key: String) -> Bool { values[key]?.isNull == true }

  /// The same settings with another value for one.
  func setting(_ key: String, _ value: ConfigValue) -> Settings {
    var values = values
    values[key] = value
    return Settings(values)
  }

  /// The names of those that are there and not null, in order.
  var names: [String] { values.filter { !$0.value.isNull }.keys.sorted() }

  /// The value of a setting; nil when it is not there or null.
  func value(_ key: String) -> ConfigValue? {
    guard let value = values[key], !value.isNull else { return nil }
    trace?.note(key)
    return value
  }

  /// A whole number.
  /// - Throws: ``PexError`` (malformed) when it is missing without a default, or something else.
  func integer(_ key: String, default standard: Int? = nil) throws -> Int {
    if let integer = try optionalInteger(key) ?? standard { return integer }
    throw missing(key)
  }

  func optionalInteger(_ key: String) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard let integer = value.integer else { throw misfit(key, "a whole number", value) }
    return integer
  }

  /// A number that is at least 1.
  func extent(_ key: String, default standard: Int? = nil) throws -> Int {
    let extent = try integer(key, default: standard)
    guard (1...Self.extentLimit).contains(extent) else {
      throw misfit(key, "1…\(Self.extentLimit)", .number(Double(extent)))
    }
    return extent
  }

  func number(_ key: String, default standard: Double) throws -> Double { try optionalNumber(key) ?? standard }

  /// A number; Keras also writes one as an array of one, or as the text of a NumPy scalar's dictionary.
  func optionalNumber(_ key: String) throws -> Double? {
    guard let value = value(key) else { return nil }
    guard let number = value.number ?? value["config"]?["value"]?.number ?? value["value"]?.number else {
      throw misfit(key, "a number", value)
    }
    return number
  }

  func flag(_ key: String, default standard: Bool) throws -> Bool {
    guard let value = value(key) else { return standard }
    if let integer = value.integer { return integer != 0 }
    guard let flag = value.bool else { throw misfit(key, "true or false", value) }
    return flag
  }

  func text(_ key: String, default standard: String) throws -> String {
    guard let value = value(key) else { return standard }
    guard let text = value.text else { throw misfit(key, "text", value) }
    return text
  }

  /// Numbers for every spatial axis, at least 1 each; a single one counts for all.
  func extents(_ key: String, count: Int, default standard: Int? = nil) throws -> [Int] {
    guard let value = value(key) else {
      guard let standard else { throw missing(key) }
      return Array(repeating: standard, count: count)
    }
    let list = try value.integer.map { Array(repeating: $0, count: count) } ?? integers(key, value)
    guard list.count == count, list.allSatisfy({ (1...Self.extentLimit).contains($0) }) else {
      throw misfit(key, "\(count) numbers of 1…\(Self.extentLimit)", value)
    }
    return list
  }

  /// A list of whole numbers; a single one is a list of one.
  func optionalIntegers(_ key: String) throws -> [Int]? {
    guard let value = value(key) else { return nil }
    return try value.integer.map { [$0] } ?? integers(key, value)
  }

  /// Elements in front of and behind every spatial axis, from one number, one for each axis, or pairs; none negative.
  func borders(_ key: String, count: Int, default standard: Int) throws -> [(before: Int, after: Int)] {
    guard let value = value(key) else { return Array(repeating: (standard, standard), count: count) }
    if let integer = value.integer, integer >= 0 { return Array(repeating: (integer, integer), count: count) }
    guard let list = value.list else { throw misfit(key, "numbers", value) }
    // One axis has a pair of numbers rather than a list of one pair.
    let items = count == 1 && list.allSatisfy({ $0.integer != nil }) && list.count == 2 ? [value] : list
    let pairs = items.compactMap { item -> (before: Int, after: Int)? in
      if let both = item.integer { return (both, both) }
      guard let pair = item.list, pair.count == 2, let before = pair[0].integer, let after = pair[1].integer else {
        return nil
      }
      return (before, after)
    }
    guard pairs.count == count, items.count == count,
      pairs.allSatisfy({ (0...Self.extentLimit).contains($0.before) && (0...Self.extentLimit).contains($0.after) })
    else { throw misfit(key, "numbers of 0…\(Self.extentLimit) for \(count) axes", value) }
    return pairs
  }

  /// Numbers, from one or a list that may be nested, in order.
  func optionalNumbers(_ key: String) throws -> [Double]? {
    guard let value = value(key) else { return nil }
    var numbers: [Double] = []
    func collect(_ value: ConfigValue) throws {
      if let number = value.number {
        numbers.append(number)
      } else if let list = value.list ?? value["config"]?["value"]?.list ?? value["value"]?.list {
        try list.forEach(collect)
      } else {
        throw misfit(key, "numbers", value)
      }
    }
    try collect(value)
    return numbers
  }

  /// An error about a setting.
  func misfit(_ key: String, _ expected: String, _ found: ConfigValue) -> PexError {
    PexError(.malformed, "setting '\(key)': expected \(expected), found \(found)")
  }

  private func missing(_ key: String) -> PexError { PexError(.malformed, "setting '\(key)' is missing") }

  private func integers(_ key: String, _ value: ConfigValue) throws -> [Int] {
    guard let list = value.list, list.count <= 64 else { throw misfit(key, "whole numbers", value) }
    return try list.map {
      guard let integer = $0.integer else { throw misfit(key, "whole numbers", value) }
      return integer
    }
  }

  private static let extentLimit = 1 << 24
}
