import Foundation

/// A table with commas, read by RFC 4180.
struct CSV {
  let columns: [String]
  let rows: [[String]]

  init(_ data: Data) {
    var (lines, line, cell): ([[String]], [String], [UInt8]) = ([], [], [])
    // A quote within quotes ends them; another one right behind it stands for itself and goes on.
    var (isQuoted, hasEnded) = (false, false)
    for byte in data {
      if isQuoted, byte != 0x22 {
        cell.append(byte)
        continue
      }
      if byte == 0x22 {
        if hasEnded, !isQuoted { cell.append(byte) }
        hasEnded = isQuoted
        isQuoted.toggle()
        continue
      }
      hasEnded = false
      guard byte == 0x2c || byte == 0x0a else {
        cell.append(byte)
        continue
      }
      line.append(String(decoding: cell, as: UTF8.self))
      cell = []
      if byte == 0x0a {
        lines.append(line)
        line = []
      }
    }
    columns = lines.first ?? []
    rows = Array(lines.dropFirst())
  }

  /// A column's cells.
  subscript(_ column: String) -> [String] {
    guard let place = columns.firstIndex(of: column) else { return [] }
    return rows.map { place < $0.count ? $0[place] : "" }
  }
}
