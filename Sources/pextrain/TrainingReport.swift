import PexConsole
import PexData
import PexRuntime
import PexTensor
import PexTraining

/// What a training came to.
struct TrainingReport {
  private let result: PersonalTraining.Result
  private let leftOut: LeftOutList
  private let path: String
  private let session: Session
  private let bytes: Int
  private let isBase: Bool

  init(
    _ result: PersonalTraining.Result, _ leftOut: LeftOutList, path: String, session: Session, isBase: Bool
  ) throws {
    (self.result, self.leftOut) = (result, leftOut)
    self.path = path
    self.session = session
    self.isBase = isBase
    bytes = try MappedFile(path: path).bytes.count
  }

  func print(_ console: Console) throws {
    var table = Table([
      ("exit", .right), ("share of MACs", .right), ("head", .left), ("train", .right),
      (result.isAgreement ? "agreement" : "held out", .right),
      ("temperature", .right), ("threshold", .right), ("", .left),
    ])
    for trained in result.heads {
      let report = trained.report
      table.add([
        String(report.exit), Format.percent(session.model.prefixShare(.exit(report.exit))),
        trained.head.specification.kind.rawValue, Format.percent(report.trainAccuracy),
        report.validationAccuracy.map(Format.percent) ?? "-", Format.milliseconds(Double(report.temperature)),
        report.threshold.map { Format.milliseconds(Double($0)) } ?? "-", use(of: trained),
      ])
    }
    for line in table.lines { try console.result(line) }
    if !result.alignedExits.isEmpty {
      let exits = result.alignedExits.map(String.init).joined(separator: ", ")
      try console.result(
        (result.alignedExits.count == 1 ? "the head of exit \(exits) was" : "the heads of exits \(exits) were")
          + " aligned with these features"
          + (result.isShifted ? ", which differ from those the model learned from" : ""))
    }
    if !isBesideAll { try console.result(heldOut) }
    for line in asTheyWere { try console.result(line) }
    if isBase, !worthPlacing.isEmpty {
      try console.result(
        "worth placing: exits \(worthPlacing.map(String.init).joined(separator: ", ")); at the cost of any other, "
          + "stopping at its neighbours among these in turn gets as much right")
    }
    if let policy = result.policy, let outcome = result.outcome {
      try console.result(
        "policy \(policy.kind.rawValue):\(policy.value)\(goal): \(Format.percent(outcome.accuracy)) \(measured) "
          + "at \(cost(outcome)) on the \(result.split.held.count) samples that chose it")
      if let expected = result.expected {
        try console.result(
          "chosen and measured on different samples: \(Format.percent(expected.accuracy)) \(measured) "
            + "at \(cost(expected)), \(measuredCount) samples")
      }
      if !result.meetsGoal {
        console.warn(
          goal.isEmpty
            ? "held-out samples are too few to tell which policy is within a point of the best exit; the nearest that "
              + "asks all exits was taken"
            : "the held-out samples vouch for no policy\(goal); the nearest was chosen: more samples may help")
      }
    } else {
      try console.result(noPolicy)
    }
    if let progress = ProgressReport(result) {
      for line in progress.lines { try console.result(line) }
    }
    if let lastResort = result.lastResort, !lastResort.asksHead, result.policy == nil {
      try console.result("no head is written: the file holds the person's classes alone")
    }
    if let verdict = result.verdict {
      for line in VerdictReport(verdict, result.split).lines { try console.result(line) }
    }
    try console.result(
      "\(result.labels.count) samples\(labelled), \(result.classes.count) classes\(classList); features \(Format.seconds(result.seconds.features)), "
        + (result.seconds.branches < 0.05 ? "" : "branches \(Format.seconds(result.seconds.branches)), ")
        + "heads \(Format.seconds(result.seconds.heads)); wrote \(path), \(Format.bytes(bytes))")
    try console.report(json)
  }

  /// Why no early exit is taken.
  private var noPolicy: String {
    if isBesideAll { return "no early exit: all of the model's answers stay as they are" }
    if isBase, result.outcome == nil, !result.gaps.unseen.isEmpty {
      return
        "no early exit: heads that learned nothing of some classes would never answer them (--target-accuracy and the "
        + "like choose a policy all the same)"
    }
    guard result.outcome != nil else { return "no policy: too few held-out samples to choose a threshold" }
    return "no early exit: \(measuredCount) held-out samples do not vouch for one that saves anything"
  }

  /// Whether classes were added to all of the model's: what was held out of that is told by the training's own notes.
  private var isBesideAll: Bool { result.split.training.isEmpty }

  /// Why heads are what they were before.
  private var asTheyWere: [String] {
    let kept = result.heads.map(\.report).filter { $0.epochs == 0 && !result.alignedExits.contains($0.exit) }
      .map { String($0.exit) }
    guard !kept.isEmpty else { return [] }
    let exits = kept.count == 1 ? "exit \(kept[0])" : "exits \(kept.joined(separator: ", "))"
    guard !result.split.held.isEmpty else {
      return ["\(exits): as before, since no held-out sample could say that training helps"]
    }
    return ["\(exits): as before, since training answered held-out samples no better beyond chance"]
  }

  /// What becomes of a head, in a word.
  private func use(of trained: TrainedHead) -> String {
    guard let lastResort = result.lastResort else { return trained.report.enabled ? "" : "disabled" }
    let kind = trained.isBase ? "base head" : "personal"
    guard trained.isWritten else { return "not written" }
    if trained.report.exit == lastResort.exit { return "\(kind), answers last" }
    return trained.report.enabled ? kind : "\(kind), disabled"
  }

  /// The exits that gain most accuracy for their cost.
  private var worthPlacing: [Int] {
    let measured = result.heads.compactMap { trained in
      trained.report.validationAccuracy.map { accuracy in
        (
          exit: trained.report.exit,
          point: ExitAdvice.Point(
            cost: session.model.prefixShare(.exit(trained.report.exit)), accuracy: Double(accuracy))
        )
      }
    }
    let guessing = 1 / Double(max(result.classes.count, 1))
    return ExitAdvice.worthwhile(measured.map(\.point), guessing: guessing).map { measured[$0].exit }
  }

  /// Which samples stand behind the figures of the table.
  private var heldOut: String {
    let (split, column) = (result.split, result.isAgreement ? "agreement" : "held out")
    guard !split.validation.isEmpty else { return "no samples were held out: there are too few" }
    guard split.isCrossFitted else {
      return "\(column): on \(split.validation.count) samples, which chose strength, epochs and temperature as well"
    }
    return "\(column): on \(measuredCount) samples, each by a head that did not train on it; "
      + "\(split.validation.count) others chose strength and epochs"
  }

  private func cost(_ outcome: PolicyOutcome) -> String {
    CostWords(outcome, fullMilliseconds: result.fullMilliseconds).text
  }

  private var measured: String { result.isAgreement ? "agreement with the original classifier" : "accuracy" }

  private var goal: String {
    switch result.goal {
    case .faithful, .nearBest: ""
    case .accuracy(let target, let confidence):
      " for at least \(Format.percent(target)) with confidence \(confidence)"
    case .cost(let limit):
      " for at most \(Format.percent(limit)) of the \(result.fullMilliseconds == nil ? "MACs" : "time")"
    case .latency(let limit): " for at most \(Format.milliseconds(limit)) ms"
    case .risk(let risk): " for a risk of at most \(Format.percent(risk))"
    }
  }

  /// How many samples measured without having chosen strengths and epochs.
  private var measuredCount: Int {
    result.split.held.count - (result.split.isCrossFitted ? result.split.validation.count : 0)
  }

  private var labelled: String {
    let count = result.labels.count { $0 != nil }
    return count == result.labels.count ? "" : ", \(count) with labels (\(result.supervision.rawValue))"
  }

  /// The classes that were estimated, the most frequent first.
  private var classList: String {
    guard let prior = result.prior else { return "" }
    let ranked = zip(result.classes, prior).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    let names = ranked.prefix(12).map { "\($0.0) \(Format.percent(Double($0.1)))" }.joined(separator: ", ")
    return " (estimated: \(names)\(ranked.count > 12 ? ", …" : ""))"
  }

  /// Bytes of the heads' numbers alone.
  private var headBytes: Int { result.heads.flatMap(\.head.parameters).reduce(0) { $0 + $1.byteCount } }

  private var json: JSON {
    let exits: [JSON] = result.heads.map { trained in
      let report = trained.report
      return .members([
        "exit": .integer(report.exit), "train_accuracy": .number(report.trainAccuracy),
        "validation_accuracy": .optional(report.validationAccuracy, JSON.number),
        "temperature": .number(Double(report.temperature)),
        "threshold": .optional(report.threshold, { .number(Double($0)) }), "enabled": .bool(report.enabled),
        "epochs": .integer(report.epochs), "written": .bool(trained.isWritten), "base_head": .bool(trained.isBase),
      ])
    }
    return .report([
      "images": .integer(result.labels.count), "passes": .integer(result.passes),
      "labelled": .integer(result.labels.count { $0 != nil }),
      "skipped": .members([
        "count": .integer(result.skipped.count),
        "reasons": .array(result.skipped.map { .string($0.reason.message) }),
      ]),
      "left_out_files": leftOut.json,
      "copies": .members([
        "count": .integer(result.copies.copies), "pictures": .integer(result.copies.agreeing.count),
        "contradicting": .integer(result.copies.contradicting.reduce(0) { $0 + $1.members.count }),
      ]),
      "seconds": .members([
        "features": .number(result.seconds.features), "branches": .number(result.seconds.branches),
        "heads": .number(result.seconds.heads),
      ]),
      "aligned_exits": .array(result.alignedExits.map(JSON.integer)), "shifted": .bool(result.isShifted),
      "supervision": .string(result.supervision.rawValue),
      "figures": .string(result.isAgreement ? "agreement" : "accuracy"),
      "classes": .array(result.classes.map { .string($0) }),
      "prior": .optional(result.prior, { .array($0.map { .number(Double($0)) }) }),
      "worth_placing": isBase ? .array(worthPlacing.map(JSON.integer)) : .null,
      "head_step_us": .number(result.stepMicroseconds), "exits": .array(exits),
      "policy": .optional(result.policy, { .string("\($0.kind.rawValue):\($0.value)") }),
      "policy_meets_goal": .bool(result.meetsGoal),
      "cost_unit": .string(result.fullMilliseconds == nil ? "macs" : "time"),
      "full_ms": .optional(result.fullMilliseconds, JSON.number),
      "policy_seen": .optional(result.outcome, { outcome($0, samples: result.split.held.count, choseIt: true) }),
      "policy_expected": .optional(result.expected, { outcome($0, samples: measuredCount, choseIt: false) }),
      "held_out": .members([
        "samples": .integer(result.split.held.count), "cross_fitted": .bool(result.split.isCrossFitted),
        "chose_strength": .integer(result.split.validation.count), "measured": .integer(measuredCount),
      ]),
      "from": .optional(ProgressReport(result), \.json),
      "verdict": .optional(result.verdict, { VerdictReport($0, result.split).json }),
      "head_bytes": .integer(isBase ? headBytes : bytes),
      "output": .string(path),
    ])
  }

  /// What a policy comes to, and on which samples.
  private func outcome(_ outcome: PolicyOutcome, samples: Int, choseIt: Bool) -> JSON {
    .members([
      "accuracy": .number(outcome.accuracy), "mean_macs_fraction": .number(outcome.meanCost),
      "mean_time_fraction": .optional(outcome.meanTime, JSON.number),
      "mean_ms": .optional(result.fullMilliseconds.flatMap { full in outcome.meanTime.map { $0 * full } }, JSON.number),
      "samples": .integer(samples), "chosen_on_these": .bool(choseIt),
    ])
  }
}
