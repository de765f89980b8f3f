import PexTensor

/// Where the numbers of a tensor are when they are not in the model's file.
struct ExternalData {
  /// The file, relative to the model's folder.
  var location: String
  /// Where the numbers begin in it.
  var offset: Int
  /// How many bytes they take; nil where the file leaves that to the shape.
  var length: Int?
  /// SHA-1 of the whole file in hexadecimal digits, if the model gives it.
  var checksum: String?

  /// Reads the entries of `external_data`. Keys that the specification does not have are ignored: runtimes leave notes
  /// of their own there.
  /// - Throws: ``PexError`` (malformed) naming the key that is missing, double or no number.
  init(_ entries: [(key: String, value: String)]) throws {
    var values: [String: String] = [:]
    for (key, value) in entries {
      guard values.updateValue(value, forKey: key) == nil else {
        throw PexError(.malformed, "external data: key '\(key)' occurs twice")
      }
    }
    guard let location = values["location"], !location.isEmpty else {
      throw PexError(.malformed, "external data: key 'location' is missing")
    }
    self.location = location
    offset = try Self.number(values["offset"], "offset") ?? 0
    length = try Self.number(values["length"], "length")
    checksum = values["checksum"]
    if let checksum, checksum.utf8.count != 40 || !checksum.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
      throw PexError(
        .malformed, "external data: checksum: expected 40 hexadecimal digits (SHA-1), found '\(checksum.prefix(60))'")
    }
  }

  private static func number(_ text: String?, _ key: String) throws -> Int? {
    guard let text else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw PexError(.malformed, "external data: \(key): expected a number of bytes, found '\(text.prefix(40))'")
    }
    return number
  }
}
