import CPexKernels

/// In which order a ``StripChain`` computes which rows.
///
/// From the last step to the first it is asked which rows must be there for the next few rows of the result. What a
/// step has computed before is kept as long as it is read, so nothing is computed twice but where two parts meet.
struct StripSchedule: Sendable {
  /// Rows that one step of the chain computes.
  struct Task: Sendable {
    /// The step, counted from the chain's first.
    let step: Int
    /// The rows of its result.
    let rows: Range<Int>
    /// The rows of its input that are there.
    let inputRows: Range<Int>
    /// Rows in its place, counted from there, that move to its front before: those which are still read. `rows` go
    /// behind them.
    let kept: Range<Int>
  }

  /// For each part, which one thread computes, its tasks in their order.
  let parts: [[Task]]

  /// Cuts the result's rows into `count` parts.
  init(_ chain: StripChain, parts count: Int) {
    let windows = chain.kernels.map(\.window)
    let height = windows.last?.out_height ?? 0
    parts = (0..<count).map { part in
      let rows = height * part / count..<height * (part + 1) / count
      return Self.tasks(windows, rows, chain.stripRows)
    }
  }

  private static func tasks(_ windows: [pex_window], _ rows: Range<Int>, _ stripRows: Int) -> [Task] {
    // For each step the rows that are in its place.
    var there = windows.map { _ in 0..<0 }
    var tasks: [Task] = []
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: stripRows) {
      // What each step computes and keeps, from the last one back to the first or to one that has computed enough.
      var strip: [(step: Int, rows: Range<Int>, kept: Range<Int>)] = []
      var wanted = start..<min(start + stripRows, rows.upperBound)
      for step in windows.indices.reversed() {
        let before = there[step]
        let kept = before.clamped(to: wanted)
        let rows = (kept.isEmpty ? wanted.lowerBound : kept.upperBound)..<wanted.upperBound
        guard !rows.isEmpty else { break }
        let offset = kept.isEmpty ? 0 : kept.lowerBound - before.lowerBound
        strip.append((step, rows, offset..<offset + kept.count))
        there[step] = wanted
        wanted = windows[step].inputRows(of: rows)
      }
      tasks += strip.reversed().map { step, rows, kept in
        let inputRows = step == 0 ? 0..<windows[0].in_height : there[step - 1]
        return Task(step: step, rows: rows, inputRows: inputRows, kept: kept)
      }
    }
    return tasks
  }
}
