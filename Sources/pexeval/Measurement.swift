import PexBundle
import PexConsole
import PexData
import PexRuntime
import PexTensor
import PexTraining

/// How every exit and a policy do on labelled samples.
struct Measurement {
  /// An exit and how it does.
  struct Row {
    let exit: ExitName
    let figures: Figures
    /// Share of samples that the policy stops at this exit.
    let share: Double
  }

  /// What the answers of an exit or a policy come to.
  struct Figures {
    let accuracy: Double
    let calibrationError: Double
    let fraction: Double
    let milliseconds: Double
    let rejection: Rejection
    /// Share of the samples that are not rejected which are answered right; nil when all are rejected.
    let acceptedAccuracy: Double?

    init(_ record: ExitRecord, _ labels: [Int]) throws {
      let predictions = try record.predictions()
      accuracy = try predictions.accuracy(labels)
      rejection = record.rejection
      let accepted = labels.count - record.rejection.rejected
      acceptedAccuracy = accepted > 0 ? accuracy * Double(labels.count) / Double(accepted) : nil
      calibrationError = try predictions.expectedCalibrationError(labels)
      (fraction, milliseconds) = (record.meanFraction, record.meanMilliseconds)
    }
  }

  /// The exits by depth, the final classifier last.
  let rows: [Row]
  /// The policy in use.
  let policy: Figures
  /// What the policy is called.
  let policyName: String
  /// What the policy takes for what, in numbers of ``classNames``.
  let confusion: ConfusionMatrix
  /// Names by number.
  let classNames: [String]
  /// How many samples there were.
  let count: Int
  /// Whether answers could be rejected.
  let rejects: Bool
  /// How a confidence policy does as its threshold rises; nil when that was not asked for.
  let curve: PolicyCurve?

  /// Runs every sample through every exit alone, timed, and then as the policy has it.
  /// - Parameter draws: whether the curve is wanted, which takes one more run for every sample.
  init(
    _ session: Session, _ data: LabelledData, _ choice: ExitChoice, _ route: RouteOptions, draws: Bool,
    _ console: Console
  ) throws {
    let exits = try Self.exits(of: session, console)
    count = data.samples.count
    var numbers = ClassNumbers(data.classNames)
    var labels: [Int] = []
    var records = exits.map { _ in ExitRecord() }
    var (followed, taken) = (ExitRecord(), [ExitName: Int]())
    var sweep = draws ? PolicySweep(session) : nil
    let bar = ProgressBar(console, "samples", total: count)
    for index in 0..<count {
      let inputs = try data.samples.inputs(index)
      let truth = data.samples.labels[index].flatMap {
        data.classNames.indices.contains($0) ? data.classNames[$0] : nil
      }
      // Nothing answers with the number of a sample whose class has no name.
      labels.append(truth.map { numbers.number($0) } ?? -1)
      for (row, exit) in exits.enumerated() {
        records[row].add(try session.run(inputs, exit.choice, reject: route.reject), truth, &numbers)
      }
      let answer = try session.run(inputs, choice, deadline: route.deadline, reject: route.reject)
      followed.add(answer, truth, &numbers)
      taken[answer.exit, default: 0] += 1
      try sweep?.add(inputs, &numbers)
      bar.update(index + 1)
    }
    let total = Double(max(count, 1))
    rows = try zip(exits, records).map { exit, record in
      Row(exit: exit, figures: try Figures(record, labels), share: Double(taken[exit] ?? 0) / total)
    }
    policy = try Figures(followed, labels)
    policyName = Self.name(choice, session.heads, route.deadline)
    confusion = try ConfusionMatrix(followed.predictions(), labels: labels)
    classNames = numbers.names
    rejects = route.reject != nil
    curve = try sweep?.curve(labels)
  }

  private static func exits(of session: Session, _ console: Console) throws -> [ExitName] {
    let heads = session.heads
    let hasFinal = session.model.bundle.graph.classifier.map { $0.kind != .none } ?? false
    let exits = heads.entries.filter { $0.isTrained }.map { ExitName.exit($0.exit) } + (hasFinal ? [.final] : [])
    let untrained = heads.entries.filter { !$0.isTrained }.map { String($0.exit) }
    if !untrained.isEmpty { console.warn("heads that are not trained, left out: \(untrained.joined(separator: ", "))") }
    guard !exits.isEmpty else {
      throw PexError(
        .malformed, "there is nothing to measure: the model has no classifier and no trained heads",
        hint: "train heads with pextrain and give them with --heads")
    }
    return exits
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
