import PexBundle
import PexConsole
import PexData
import PexRuntime
import PexTensor

/// How every exit and a policy do on labelled samples.
struct Measurement {
  private struct Row {
    let exit: ExitName
    var right = 0
    var fraction = 0.0
    var milliseconds = 0.0
    var taken = 0
    var rejected = 0
    /// Samples of classes that the answering exit does not know, and those of them that were rejected.
    var strangers = 0
    var rejectedStrangers = 0
  }

  private var rows: [Row]
  private var policy = Row(exit: .final)
  private let count: Int
  private let policyName: String
  private let rejects: Bool

  /// Runs every sample through every exit alone, timed, and then as the policy has it.
  init(
    _ session: Session, _ data: LabelledData, _ choice: ExitChoice, _ route: RouteOptions, _ console: Console
  ) throws {
    let heads = session.heads
    let names = data.classNames
    let hasFinal = session.model.bundle.graph.classifier.map { $0.kind != .none } ?? false
    let exits = heads.entries.filter { $0.isTrained }.map { ExitName.exit($0.exit) } + (hasFinal ? [.final] : [])
    let untrained = heads.entries.filter { !$0.isTrained }.map { String($0.exit) }
    if !untrained.isEmpty { console.warn("heads that are not trained, left out: \(untrained.joined(separator: ", "))") }
    guard !exits.isEmpty else {
      throw PexError(
        .malformed, "there is nothing to measure: the model has no classifier and no trained heads",
        hint: "train heads with pextrain and give them with --heads")
    }
    rows = exits.map { Row(exit: $0) }
    count = data.samples.count
    policyName = Self.name(choice, heads, route.deadline)
    rejects = route.reject != nil
    let bar = ProgressBar(console, "samples", total: count)
    for index in 0..<count {
      let inputs = try data.samples.inputs(index)
      let truth = data.samples.labels[index].flatMap { names.indices.contains($0) ? names[$0] : nil }
      for row in rows.indices {
        let answer = try session.run(inputs, rows[row].exit.choice, reject: route.reject)
        Self.add(answer, truth, to: &rows[row])
      }
      let answer = try session.run(inputs, choice, deadline: route.deadline, reject: route.reject)
      Self.add(answer, truth, to: &policy)
      if let row = rows.firstIndex(where: { $0.exit == answer.exit }) { rows[row].taken += 1 }
      bar.update(index + 1)
    }
  }

  private static func add(_ answer: Answer, _ truth: String?, to row: inout Row) {
    row.fraction += answer.macsFraction
    row.milliseconds += Double(answer.nanoseconds) / 1e6
    let isStranger = truth.map { !(answer.classes ?? [$0]).contains($0) } ?? false
    if isStranger { row.strangers += 1 }
    guard !answer.isRejected else {
      row.rejected += 1
      if isStranger { row.rejectedStrangers += 1 }
      return
    }
    guard let probabilities = answer.answering?.probabilities, let classes = answer.classes, let truth,
      let best = probabilities.indices.max(by: { (probabilities[$0], $1) < (probabilities[$1], $0) })
    else { return }
    // Heads have class lists of their own: names are what is compared.
    if classes.indices.contains(best), classes[best] == truth { row.right += 1 }
  }

  private static func name(_ choice: ExitChoice, _ heads: HeadSet, _ deadline: Double?) -> String {
    switch choice {
    case .stored:
      if let deadline { return "deadline \(deadline) ms" }
      return heads.policy.map { "\($0.kind.rawValue):\($0.value)" } ?? "final"
    case .policy(let policy): return "\(policy.kind.rawValue):\(policy.value)"
    case .fixed(let exit): return "exit \(exit)"
    case .final, .all: return "final"
    }
  }

  private func mean(_ sum: Double) -> Double { sum / Double(max(count, 1)) }

  func print(_ console: Console) throws {
    var table = Table([
      ("exit", .right), ("accuracy", .right), ("share of MACs", .right), ("mean ms", .right),
      ("taken by policy", .right),
    ])
    for row in rows {
      table.add([
        "\(row.exit)", Format.percent(mean(Double(row.right))), Format.percent(mean(row.fraction)),
        Format.milliseconds(mean(row.milliseconds)), Format.percent(mean(Double(row.taken))),
      ])
    }
    table.add([
      policyName, Format.percent(mean(Double(policy.right))), Format.percent(mean(policy.fraction)),
      Format.milliseconds(mean(policy.milliseconds)),
    ])
    for line in table.lines { try console.result(line) }
    try console.result("\(count) samples")
    if rejects { try console.result(rejection) }
    try console.report(json)
  }

  /// Share of the samples that a row does not reject which are answered right; nil when it rejects all.
  private func acceptedAccuracy(_ row: Row) -> Double? {
    row.rejected < count ? Double(row.right) / Double(count - row.rejected) : nil
  }

  private var rejection: String {
    let accepted = acceptedAccuracy(policy).map { "\(Format.percent($0)) of the others right" } ?? "no others"
    let strangers =
      policy.strangers == 0
      ? "" : "; \(policy.rejectedStrangers) of \(policy.strangers) samples of unknown classes rejected"
    return "rejected by \(policyName): \(policy.rejected), \(accepted)\(strangers)"
  }

  private func rejection(_ row: Row) -> JSON {
    .members([
      "rejected": .integer(row.rejected), "accepted_accuracy": .optional(acceptedAccuracy(row), JSON.number),
      "unknown": .integer(row.strangers), "unknown_rejected": .integer(row.rejectedStrangers),
    ])
  }

  private var json: JSON {
    let exits: [JSON] = rows.map { row in
      .members([
        "exit": row.exit.json, "accuracy": .number(mean(Double(row.right))),
        "macs_fraction": .number(mean(row.fraction)),
        "mean_ms": .number(mean(row.milliseconds)), "rejection": rejection(row),
      ])
    }
    return .report([
      "images": .integer(count), "exits": .array(exits),
      "policy": .members([
        "name": .string(policyName), "accuracy": .number(mean(Double(policy.right))),
        "mean_macs_fraction": .number(mean(policy.fraction)), "mean_ms": .number(mean(policy.milliseconds)),
        "exit_share": .array(rows.map { .number(mean(Double($0.taken))) }), "rejection": rejection(policy),
      ]),
    ])
  }
}

extension ExitName {
  /// The choice of this exit alone.
  var choice: ExitChoice {
    switch self {
    case .exit(let number): .fixed(number)
    case .final: .final
    }
  }
}
