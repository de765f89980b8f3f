import PexBundle
import PexRuntime
import PexTensor

/// Counts what a rule answers.
struct RuleTally {
  let rule: Rule
  private(set) var tally = Tally()
  /// The exit that each sample took.
  private(set) var taken: [ExitName] = []
  /// How many samples went each way; empty for a rule that only real runs can follow.
  private(set) var ways: [RouteTimer.Route: Int] = [:]
  /// Times of real runs, for a rule that only those can follow.
  private(set) var times = RunTimes()
  private var fraction = 0.0

  init(rule: Rule) { self.rule = rule }

  /// Mean share of the model's multiply-accumulates of the real runs.
  var meanFraction: Double { fraction / Double(max(times.count, 1)) }

  /// Counts a sample.
  /// - Returns: which answer was taken.
  mutating func add(
    _ recording: HeadRecording, _ inputs: [Tensor], _ session: Session, reject: Float?, _ truth: String?,
    _ numbers: inout ClassNumbers
  ) throws -> Place {
    let found = try follow(recording, inputs, session, reject)
    let answer = ClassAnswer(found.probabilities, of: found.classes)
    tally.add(answer, among: found.classes, isRejected: found.isRejected, truth, &numbers)
    taken.append(found.exit)
    if let way = way(found) { ways[way, default: 0] += 1 }
    return found.isLastResort && recording.lastResort.isOwn ? .lastResort : .exit(found.exit)
  }

  /// An answer that a rule took.
  private struct Found {
    let exit: ExitName
    let probabilities: [Float]?
    let classes: [String]?
    let isLastResort: Bool
    let isRejected: Bool
  }

  /// The way through the network to an answer.
  private func way(_ found: Found) -> RouteTimer.Route? {
    switch rule {
    case .deadline: nil
    case .exit(let exit): .exit(exit)
    // Without a policy no head is asked on the way.
    case .policy(nil): .exit(found.exit)
    case .policy: if found.isLastResort { .lastResort } else { way(stopping: found.exit) }
    }
  }

  private func way(stopping exit: ExitName) -> RouteTimer.Route {
    switch exit {
    case .exit(let number): .stop(number)
    case .final: .lastResort
    }
  }

  private mutating func follow(
    _ recording: HeadRecording, _ inputs: [Tensor], _ session: Session, _ reject: Float?
  ) throws -> Found {
    switch rule {
    case .policy(let policy):
      let found = recording.following(policy, reject: reject)
      return Found(
        exit: found.exit, probabilities: found.logits?.probabilities, classes: found.classes,
        isLastResort: found.isLastResort, isRejected: found.isRejected)
    case .exit(let exit):
      let logits = exit == .final ? recording.final : recording.exits.first { $0.exit == exit }
      let classes = exit == .final ? session.model.bundle.contents.classNames : recording.heads.classes
      return Found(
        exit: exit, probabilities: logits?.probabilities, classes: classes, isLastResort: false,
        isRejected: logits.map { $0.confidence < reject ?? 0 } ?? false)
    case .deadline(let policy, let milliseconds):
      return try race(policy, milliseconds, recording.heads, inputs, session, reject)
    }
  }

  /// Only a real run can miss a deadline.
  private mutating func race(
    _ policy: PolicyRecord?, _ deadline: Double, _ heads: HeadSet, _ inputs: [Tensor], _ session: Session,
    _ reject: Float?
  ) throws -> Found {
    let own = session.heads
    session.heads = heads
    defer { session.heads = own }
    let choice = policy.map(ExitChoice.policy) ?? .stored
    let answer = try session.run(inputs, choice, deadline: deadline, reject: reject)
    times.add(milliseconds: Double(answer.nanoseconds) / 1e6, fraction: answer.macsFraction)
    fraction += answer.macsFraction
    return Found(
      exit: answer.exit, probabilities: answer.answering?.probabilities, classes: answer.classes,
      isLastResort: answer.exit == .final, isRejected: answer.isRejected)
  }
}
