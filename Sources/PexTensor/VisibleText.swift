extension String {
  /// The text with its control characters where they can be seen, and no terminal obeys them: `a\nb`, `\x1B`. Names of files
  /// may hold any of them.
  package var visible: String {
    guard hasControlCharacters else { return self }
    return unicodeScalars.map { scalar in
      guard scalar.properties.generalCategory == .control else { return String(scalar) }
      return switch scalar {
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      default: "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16, uppercase: true)
      }
    }.joined()
  }

  /// Whether any character is one that means something to a terminal instead of being seen.
  package var hasControlCharacters: Bool {
    unicodeScalars.contains { $0.properties.generalCategory == .control }
  }
}
