import Foundation

/// Finds the name that was probably meant, among names that people write in several ways: `Great White Shark`,
/// `great-white-shark` and `great_white_sharks` are near `great white shark`, and `cofee mug` is near `coffee_mug`.
///
/// Case, separators and a plural `s` do not count; one letter more, less or other is forgiven in names of more than three.
struct NearNames {
  private struct Entry {
    let name: String
    let key: Key
  }

  /// What is compared of a name.
  private struct Key {
    let letters: [Character]
    /// Without a plural's `s`.
    let singular: [Character]

    init(_ name: String) {
      let plain = name.precomposedStringWithCanonicalMapping.lowercased()
      letters = plain.filter { !$0.isWhitespace && $0 != "_" && $0 != "-" }.map { $0 }
      singular = letters.count > 3 && letters.last == "s" ? Array(letters.dropLast()) : letters
    }
  }

  private let entries: [Entry]

  init(_ names: some Sequence<String>) { entries = names.map { Entry(name: $0, key: Key($0)) } }

  /// The nearest name, of equally near ones the first; nil when none is near.
  func nearest(to name: String) -> String? {
    let key = Key(name)
    guard !key.letters.isEmpty else { return nil }
    let tests: [(Key) -> Bool] = [
      { $0.letters == key.letters }, { $0.singular == key.singular },
      { $0.letters.count > 3 && Self.isOneSlip($0.letters, key.letters) },
      { $0.singular.count > 3 && Self.isOneSlip($0.singular, key.singular) },
    ]
    return tests.lazy.compactMap { isNear in entries.first { isNear($0.key) }?.name }.first
  }

  /// Whether at most one letter more, less or other makes the words equal.
  private static func isOneSlip(_ left: [Character], _ right: [Character]) -> Bool {
    let (short, long) = left.count <= right.count ? (left, right) : (right, left)
    guard long.count - short.count <= 1 else { return false }
    let front = zip(short, long).prefix { $0 == $1 }.count
    let back = zip(short.reversed(), long.reversed()).prefix { $0 == $1 }.count
    return front + back >= long.count - 1
  }
}
