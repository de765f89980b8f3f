import PexConsole
import PexRuntime
import PexTensor

/// The time of every step: the minimum of some runs each.
struct ProfileReport {
  private let session: Session
  private var steps: [StepTiming]
  private let total: Double

  private static let runs = 7

  init(_ session: Session, _ sample: [Tensor], _ choice: ExitChoice, deadline: Double?) throws {
    self.session = session
    // The first run packs weights.
    _ = try session.run(sample, choice, deadline: deadline)
    session.profiles = true
    steps = []
    for _ in 0..<Self.runs {
      _ = try session.run(sample, choice, deadline: deadline)
      // With a deadline, runs may end at different exits.
      guard steps.count == session.timings.count else {
        steps = session.timings
        continue
      }
      for index in steps.indices {
        steps[index].nanoseconds = min(steps[index].nanoseconds, session.timings[index].nanoseconds)
      }
    }
    total = steps.reduce(0) { $0 + Double($1.nanoseconds) }
  }

  func print(_ console: Console) throws {
    var table = Table([
      ("step", .left), ("op", .left), ("kernel", .left), ("exit", .right), ("MACs", .right), ("ms", .right),
      ("share", .right),
    ])
    for step in steps {
      table.add([
        step.name, step.mnemonic, step.kernel, "\(exit(of: step))", Format.count(step.multiplyAccumulates),
        Format.milliseconds(Double(step.nanoseconds) / 1e6), Format.percent(share(step)),
      ])
    }
    for line in table.lines { try console.result(line) }
    try console.result(
      "total \(Format.milliseconds(total / 1e6)) ms in \(steps.count) steps, \(session.model.instructionSet), \(session.threads) threads"
    )
    let rows: [JSON] = steps.map { step in
      .members([
        "name": .string(step.name), "op": .string(step.mnemonic), "kernel": .string(step.kernel),
        "exit": exit(of: step).json,
        "macs": .integer(step.multiplyAccumulates), "ms": .number(Double(step.nanoseconds) / 1e6),
        "share": .number(share(step)),
      ])
    }
    try console.report(
      .report([
        "isa": .string(session.model.instructionSet), "threads": .integer(session.threads),
        "total_ms": .number(total / 1e6), "steps": .array(rows),
      ]))
  }

  /// The exit point on the way to which a step runs.
  private func exit(of step: StepTiming) -> ExitName {
    let points = session.model.points
    return points.indices.contains(step.segment) ? .exit(points[step.segment].number) : .final
  }

  private func share(_ step: StepTiming) -> Double { Double(step.nanoseconds) / max(total, 1) }
}
