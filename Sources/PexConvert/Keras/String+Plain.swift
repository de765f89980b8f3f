extension StringProtocol {
  /// The text on one line without anything that a terminal would obey, cut to so many characters.
  ///
  /// Control characters and those that change the direction of writing become spaces.
  func plain(_ limit: Int = 2000) -> String {
    let scalars = unicodeScalars.prefix(limit + 1)
    var result = String.UnicodeScalarView()
    for scalar in scalars.prefix(limit) { result.append(scalar.isPlain ? scalar : " ") }
    return String(result) + (scalars.count > limit ? "…" : "")
  }
}

extension Unicode.Scalar {
  fileprivate var isPlain: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }
}
