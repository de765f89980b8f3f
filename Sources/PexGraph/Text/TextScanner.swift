import PexTensor

/// Takes one line of the text form apart, from left to right.
struct TextScanner {
  private let characters: [Character]
  private var position = 0

  init(_ line: some StringProtocol) { characters = Array(line) }

  /// Takes `token` if it comes next, spaces in front skipped.
  mutating func take(_ token: String) -> Bool {
    skipSpaces()
    let wanted = Array(token)
    guard characters.dropFirst(position).starts(with: wanted) else { return false }
    position += wanted.count
    return true
  }

  /// Takes `token`.
  mutating func expect(_ token: String) throws {
    guard take(token) else { throw PexError(.malformed, "expected '\(token)' in front of '\(rest)'") }
  }

  /// Takes a run of letters, digits and the signs that numbers and words have.
  mutating func word() throws -> String {
    skipSpaces()
    let start = position
    while position < characters.count, Self.isWord(characters[position]) { position += 1 }
    guard position > start else { throw PexError(.malformed, "expected a word in front of '\(rest)'") }
    return String(characters[start..<position])
  }

  /// Takes `%name` or `%"any name"`.
  mutating func name() throws -> String {
    try expect("%")
    guard position < characters.count, characters[position] == "\"" else {
      let start = position
      while position < characters.count, Self.isWord(characters[position]) || characters[position] == "/" {
        position += 1
      }
      return String(characters[start..<position])
    }
    position += 1
    var name = ""
    while position < characters.count, characters[position] != "\"" {
      var character = characters[position]
      if character == "\\", position + 1 < characters.count {
        position += 1
        character = characters[position] == "n" ? "\n" : characters[position] == "r" ? "\r" : characters[position]
      }
      name.append(character)
      position += 1
    }
    try expect("\"")
    return name
  }

  /// Takes what `element` takes, separated by commas, up to `close`.
  mutating func list<Element>(until close: String, _ element: (inout TextScanner) throws -> Element) throws -> [Element]
  {
    var result: [Element] = []
    while !take(close) {
      if !result.isEmpty { try expect(",") }
      result.append(try element(&self))
    }
    return result
  }

  /// Whether everything has been taken.
  mutating func isAtEnd() -> Bool {
    skipSpaces()
    return position == characters.count
  }

  private var rest: String { String(characters.dropFirst(position).prefix(24)) }

  private mutating func skipSpaces() {
    while position < characters.count, characters[position] == " " { position += 1 }
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "_.-+".contains(character)
  }
}
