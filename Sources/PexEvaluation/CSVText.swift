/// Text as the cells of a table with commas (RFC 4180), from anywhere and for spreadsheets.
package enum CSVText {
  /// What a spreadsheet takes for the beginning of a formula, in wide forms too.
  private static let formulas: Set<Unicode.Scalar> = [
    "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
  ]

  /// A name as a cell. One that a spreadsheet would compute gets an apostrophe in front, which makes it text there; quotes
  /// stand where the table's own characters are in it.
  package static func cell(_ text: String) -> String {
    let isFormula = text.unicodeScalars.first.map(formulas.contains) ?? false
    let plain = isFormula ? "'" + text : text
    // By scalars: a line break and a carriage return are one character.
    let isQuoted = plain.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) } || plain.hasPrefix("'")
    return isQuoted ? "\"" + plain.replacing("\"", with: "\"\"") + "\"" : plain
  }

  /// A number as a cell, with as many digits as tell it from all others; empty when there is none.
  package static func cell<Number: BinaryFloatingPoint & LosslessStringConvertible>(_ number: Number?) -> String {
    number.map { $0.isFinite ? $0.description : "" } ?? ""
  }

  /// Cells as a line.
  package static func line(_ cells: [String]) -> String { cells.joined(separator: ",") + "\n" }
}
