/// A text table: columns as wide as their widest cell, numbers to the right.
public struct Table: Sendable {
  /// How a column stands.
  public enum Alignment: Sendable { case left, right }

  private let headers: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// A table with the given columns.
  public init(_ columns: [(header: String, alignment: Alignment)]) {
    headers = columns.map(\.header)
    alignments = columns.map(\.alignment)
  }

  /// Adds a row; missing cells stay empty.
  public mutating func add(_ cells: [String]) {
    rows.append(headers.indices.map { $0 < cells.count ? cells[$0] : "" })
  }

  /// The table as lines, a header and a rule first.
  public var lines: [String] {
    let widths = headers.indices.map { column in ([headers] + rows).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return alignments[column] == .left ? cells[column] + space : space + cells[column]
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed())
    }
    return [line(headers), line(widths.map { String(repeating: "-", count: $0) })] + rows.map(line)
  }
}
