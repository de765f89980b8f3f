import PexBundle
import PexRuntime
import PexTensor

/// Counts what one candidate's exits and rules answer.
struct CandidateTally {
  let candidate: Candidate
  /// Trained heads by depth, then the final classifier if there is one, and then the last resort.
  let places: [Place]
  /// One a place.
  private(set) var tallies: [Tally]
  /// Whether the last resort is none of the exits.
  private(set) var hasOwnLastResort = false
  /// The exit that the last resort is, or is made of.
  private(set) var lastExit = ExitName.final
  private(set) var rules: [RuleTally]
  private(set) var timer: RouteTimer
  private let reject: Float?
  private let finalClasses: [String]?

  init(_ candidate: Candidate, in model: Model, reject: Float?) {
    let hasFinal = model.bundle.graph.classifier.map { $0.kind != .none } ?? false
    let heads = candidate.heads.entries.filter { $0.isTrained && $0.answers }.map { ExitName.exit($0.exit) }
    let exits = heads + (hasFinal ? [.final] : [])
    self.candidate = candidate
    self.reject = reject
    places = exits.map(Place.exit) + [.lastResort]
    tallies = places.map { _ in Tally() }
    rules = candidate.rules.map { RuleTally(rule: $0) }
    let named = candidate.rules.compactMap { if case .exit(let exit) = $0 { exit } else { nil } }
    timer = RouteTimer(candidate.heads, exits: exits + named.filter { !exits.contains($0) })
    finalClasses = model.bundle.contents.classNames
  }

  /// What there is of an answer.
  private func answer(_ place: Place, _ recording: HeadRecording) -> (logits: ExitLogits?, classes: [String]?) {
    switch place {
    case .exit(.final): (recording.final, finalClasses)
    case .exit(let exit): (recording.exits.first { $0.exit == exit }, candidate.heads.classes)
    case .lastResort: (recording.lastResort.logits, recording.lastResort.classes)
    }
  }

  /// Counts a sample.
  /// - Parameter isTimed: whether every way through the network is run and timed besides.
  /// - Returns: what there is to say of the sample.
  mutating func add(
    _ recording: HeadRecording, _ inputs: [Tensor], _ session: Session, truth: String?, isTimed: Bool,
    _ numbers: inout ClassNumbers
  ) throws -> SampleRecord {
    (hasOwnLastResort, lastExit) = (recording.lastResort.isOwn, recording.lastResort.exit)
    let isTimed = isTimed && !(candidate.isReference && timer.hasEnough)
    let times = isTimed ? try timer.run(inputs, session) : [:]
    let taken = try rules.indices.map { index in
      try rules[index].add(recording, inputs, session, reject: reject, truth, &numbers)
    }
    let rows = places.enumerated().map { index, place in
      let (logits, classes) = answer(place, recording)
      let answer = ClassAnswer(logits?.probabilities, of: classes)
      let isRejected = (logits?.confidence ?? 1) < reject ?? 0
      tallies[index].add(answer, among: classes, isRejected: isRejected, truth, &numbers)
      return SampleRecord.Row(
        place: place, label: answer?.name, probability: answer?.probability, isRejected: isRejected,
        logits: logits?.logits ?? [], classes: classes, milliseconds: times[RouteTimer.Route(place)],
        isTaken: taken.map { $0 == place })
    }
    return SampleRecord(rows: hasOwnLastResort ? rows : rows.dropLast())
  }
}

extension RouteTimer.Route {
  /// The way to an answer alone.
  init(_ place: Place) {
    switch place {
    case .exit(let exit): self = .exit(exit)
    // Told or not, it costs the same.
    case .lastResort: self = .exit(.final)
    }
  }
}
