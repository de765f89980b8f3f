/// What every exit answered for every sample, as a table with commas: a line a sample, candidate and exit.
///
/// The columns: `sample`, `truth`, `heads` (empty for base heads), `exit` (a number, `final`, or `last_resort`), `label`,
/// `probability`, `rejected`, `ms` (a run to this exit alone; empty for a sample that was not timed), `taken` (by the first
/// rule), `taken RULE` for every further one, and on request a `logit:CLASS` for every class, empty where an exit does not
/// know it.
public struct SampleTable: Sendable {
  private let heads: [String]
  private let rules: [String]
  /// Names of classes with their columns.
  private let places: [String: Int]
  private let classes: [String]

  /// A table.
  /// - Parameters:
  ///   - candidates: what records speak of, in their order.
  ///   - logits: the final classifier's classes, if logits are wanted; nil if not.
  public init(_ candidates: [Candidate], logits: [String]?) {
    heads = candidates.map { $0.name ?? "" }
    rules = candidates.first.map { $0.rules.dropFirst().map(\.name) } ?? []
    var (classes, places): ([String], [String: Int]) = ([], [:])
    for name in logits.map({ $0 + candidates.flatMap { $0.heads.classes ?? [] } }) ?? [] where places[name] == nil {
      places[name] = classes.count
      classes.append(name)
    }
    (self.classes, self.places) = (classes, places)
  }

  /// The first line.
  public var header: String {
    let fixed = ["sample", "truth", "heads", "exit", "label", "probability", "rejected", "ms", "taken"]
    return CSVText.line(
      fixed + rules.map { CSVText.cell("taken \($0)") } + classes.map { CSVText.cell("logit:\($0)") })
  }

  /// The lines of one sample.
  /// - Parameters:
  ///   - truth: the name of its class; nil when nobody named it.
  ///   - records: one a candidate, in their order.
  public func lines(_ sample: String, truth: String?, _ records: [SampleRecord]) -> String {
    let front = [CSVText.cell(sample), CSVText.cell(truth ?? "")]
    return zip(heads, records).map { heads, record in
      let front = front + [CSVText.cell(heads)]
      return record.rows.map { CSVText.line(front + cells($0)) }.joined()
    }.joined()
  }

  private func cells(_ row: SampleRecord.Row) -> [String] {
    [
      "\(row.place)", CSVText.cell(row.label ?? ""), CSVText.cell(row.probability), "\(row.isRejected)",
      CSVText.cell(row.milliseconds),
    ] + row.isTaken.map { "\($0)" } + logits(row)
  }

  private func logits(_ row: SampleRecord.Row) -> [String] {
    guard !classes.isEmpty else { return [] }
    var cells = [String](repeating: "", count: classes.count)
    var seen: Set<Int> = []
    for (name, logit) in zip(row.classes ?? [], row.logits) {
      // Of equal names the first.
      guard let place = places[name], seen.insert(place).inserted else { continue }
      cells[place] = CSVText.cell(logit)
    }
    return cells
  }
}
