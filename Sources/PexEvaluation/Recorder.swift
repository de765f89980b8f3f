import PexBundle
import PexRuntime
import PexTensor

/// Measures several sets of heads, each under several rules, on labelled samples that come one after the other.
///
/// The network runs once for a sample: all heads read it on its way, and rules are followed afterwards on what they said.
/// Times are no by-product of that: some samples are run again along every way through the network that heads and rules
/// offer, one way at a time, as it would be alone.
public struct Recorder {
  private let session: Session
  private let sets: [HeadSet]
  private var numbers: ClassNumbers
  private var labels: [Int] = []
  private var tallies: [CandidateTally]
  private let rejects: Bool
  /// Exits that rules name, trained or not.
  private let named: Set<Int>

  /// - Parameters:
  ///   - session: runs the network; its own heads are not asked.
  ///   - classNames: the names of classes that truths speak of, in the order in which reports list them.
  ///   - reject: an answer less probable than that is none of the classes; nil: every answer stands.
  /// - Throws: ``PexError`` (malformed) when there is nothing to measure, neither trained heads nor a classifier.
  public init(_ session: Session, _ candidates: [Candidate], classNames: [String], reject: Float? = nil) throws {
    self.session = session
    sets = candidates.map(\.heads)
    numbers = ClassNumbers(classNames)
    tallies = candidates.map { CandidateTally($0, in: session.model, reject: reject) }
    rejects = reject != nil
    named = Set(candidates.flatMap(\.rules).compactMap { if case .exit(.exit(let exit)) = $0 { exit } else { nil } })
    guard tallies.contains(where: { $0.places.count > 1 }) else {
      throw PexError(
        .malformed, "there is nothing to measure: the model has no classifier and no trained heads",
        hint: "train heads with pextrain and give them with --heads")
    }
  }

  /// What all candidates' heads say of a sample; several threads may ask, each with a session of its own.
  /// - Parameter session: of the same model.
  /// - Throws: ``PexError`` as ``Session/record(_:_:untrained:)``.
  public func recordings(_ inputs: [Tensor], _ session: Session) throws -> [HeadRecording] {
    try session.record(inputs, sets, untrained: named)
  }

  /// Measures a sample.
  /// - Parameters:
  ///   - recordings: what the heads say of it; nil to ask them now.
  ///   - truth: the name of its class; nil when nobody named it: no answer is right then.
  ///   - isTimed: whether it is run along every way besides.
  /// - Returns: one record a candidate.
  /// - Throws: ``PexError`` as ``Session/record(_:_:untrained:)``; nothing was counted then.
  public mutating func add(
    _ inputs: [Tensor], _ recordings: [HeadRecording]? = nil, truth: String?, isTimed: Bool
  ) throws -> [SampleRecord] {
    let recordings = try recordings ?? self.recordings(inputs, session)
    // Nothing answers with the number of a sample whose class has no name.
    labels.append(truth.map { numbers.number($0) } ?? -1)
    return try zip(tallies.indices, recordings).map { index, recording in
      try tallies[index].add(recording, inputs, session, truth: truth, isTimed: isTimed, &numbers)
    }
  }

  /// What all samples come to.
  /// - Throws: never, as sizes fit.
  public func evaluation() throws -> Evaluation {
    Evaluation(
      count: labels.count, labels: labels, classNames: numbers.names, noAnswer: numbers.none, rejects: rejects,
      results: try tallies.map { try CandidateResult($0, labels) })
  }
}
