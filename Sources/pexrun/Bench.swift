import PexConsole
import PexRuntime
import PexTensor

/// Times every exit on synthetic input.
struct Bench {
  private let session: Session
  private let seconds: Double
  private let batch: Int
  private let loadMilliseconds: Double
  private let memoryBefore: Int

  init(_ session: Session, seconds: Double, batch: Int, loadMilliseconds: Double, memoryBefore: Int) throws {
    guard seconds > 0, seconds.isFinite else { throw PexError(.usage, "--bench=\(seconds): expected seconds above 0") }
    self.session = session
    self.seconds = seconds
    self.batch = batch
    self.loadMilliseconds = loadMilliseconds
    self.memoryBefore = memoryBefore
  }

  private struct Row {
    let exit: ExitName
    let share: Double
    let times: [Double]

    /// The time that a share of the runs stayed below.
    func percentile(_ share: Double) -> Double { times[min(times.count - 1, Int(share * Double(times.count)))] }
  }

  /// Times every exit on one sample.
  func run(_ sample: [Tensor], _ console: Console) throws {
    let first = Stopwatch()
    _ = try session.run(sample, .final)
    let firstMilliseconds = first.milliseconds
    for _ in 1..<10 { _ = try session.run(sample, .final) }
    let modelMemory = max(0, ResidentMemory.now - memoryBefore)
    let untrained = session.heads.entries.filter { !$0.isTrained }.map { String($0.exit) }
    if !untrained.isEmpty {
      console.warn("heads that are not trained, timed all the same: \(untrained.joined(separator: ", "))")
    }
    var rows: [Row] = []
    for entry in session.heads.entries { rows.append(try time(.fixed(entry.exit), .exit(entry.exit), sample)) }
    rows.append(try time(.final, .final, sample))
    try print(rows, firstMilliseconds, modelMemory, console)
  }

  private func time(_ choice: ExitChoice, _ exit: ExitName, _ sample: [Tensor]) throws -> Row {
    var times: [Double] = []
    let whole = Stopwatch()
    var share = 1.0
    while times.count < 5 || whole.seconds < seconds {
      let watch = Stopwatch()
      for _ in 0..<batch { share = try session.run(sample, choice).macsFraction }
      times.append(watch.milliseconds)
    }
    return Row(exit: exit, share: share, times: times.sorted())
  }

  private func print(_ rows: [Row], _ first: Double, _ memory: Int, _ console: Console) throws {
    let threads = session.threads
    let isa = session.model.instructionSet
    try console.result(
      "load \(Format.milliseconds(loadMilliseconds)) ms, first run \(Format.milliseconds(first)) ms, "
        + "\(threads) threads, \(isa), model in memory \(Format.bytes(memory))")
    var table = Table([
      ("exit", .right), ("share of MACs", .right), ("min ms", .right), ("p50", .right), ("p90", .right),
      ("p99", .right),
    ])
    for row in rows {
      table.add(
        ["\(row.exit)", Format.percent(row.share)]
          + [0, 0.5, 0.9, 0.99].map { Format.milliseconds(row.percentile($0)) })
    }
    for line in table.lines { try console.result(line) }
    let exits: [JSON] = rows.map { row in
      .members([
        "exit": row.exit.json, "macs_fraction": .number(row.share), "min_ms": .number(row.percentile(0)),
        "p50_ms": .number(row.percentile(0.5)), "p90_ms": .number(row.percentile(0.9)),
        "p99_ms": .number(row.percentile(0.99)),
      ])
    }
    try console.report(
      .report([
        "load_ms": .number(loadMilliseconds), "first_ms": .number(first),
        "peak_rss_mb": .number(Double(ResidentMemory.peak) / 1e6), "rss_model_mb": .number(Double(memory) / 1e6),
        "threads": .integer(threads), "isa": .string(isa), "batch": .integer(batch), "exits": .array(exits),
      ]))
  }
}
