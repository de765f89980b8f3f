import PexGraph

extension Settings {
  /// How windows that slide over a map are padded.
  /// - Throws: ``PexError`` (malformed) when the setting is neither `valid` nor `same`.
  func padding() throws -> Padding {
    switch try text("padding", default: "valid").lowercased() {
    case "valid": .valid
    // TensorFlow's odd element stands behind.
    case "same": .sameUpper
    default: throw misfit("padding", "valid or same", value("padding") ?? .null)
    }
  }
}
