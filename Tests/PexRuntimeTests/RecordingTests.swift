import PexBundle
import PexHeads
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// Several sets of heads in one pass over the network, and policies followed afterwards, against runs of their own.
@Suite struct RecordingTests {
  private static let policies: [PolicyRecord?] = [
    nil, PolicyRecord(.confidence, 0), PolicyRecord(.confidence, 0.5), PolicyRecord(.confidence, 0.9),
    PolicyRecord(.confidence, 0.9, thresholds: [.init(exit: 2, threshold: 0.3)]), PolicyRecord(.entropy, 0.8),
    PolicyRecord(.margin, 0.2), PolicyRecord(.patience, 2), PolicyRecord(.patience, 60000),
  ]

  /// A bundle whose classes have names.
  private func bundle(_ seed: UInt64, exits: [Int]) throws -> BundleFile {
    var contents = try makeBundle(seed: seed, exits: exits).contents
    contents.labels = (0..<(contents.trunk.classCount ?? 0)).map { "class \($0)" }
    return try BundleFile(bytes: try contents.encoded())
  }

  /// A person's heads: one reads its tap and the one in front, some may be disabled.
  private func person(
    _ bundle: BundleFile, exits: [Int], classes: [String], disabled: Set<Int> = [], seed: UInt64
  ) throws -> HeadSet {
    let trunk = bundle.contents.trunk
    func shape(_ exit: Int) throws -> (channels: Int, spatial: [Int]) {
      let tap = try #require(trunk.exitPoint(exit).flatMap { trunk.graph[$0.value].type.tap })
      return (tap.channels, tap.spatial)
    }
    let heads = try exits.map { exit in
      let earlier = exit > 1 ? [EarlierTap(exit: exit - 1, channels: try shape(exit - 1).channels)] : []
      let (channels, spatial) = try shape(exit)
      let specification = try HeadSpecification(
        kind: earlier.isEmpty ? .linear : .multitap, channels: channels, spatial: spatial, classes: classes.count,
        earlier: earlier)
      let head = try Head.random(specification, seed: seed + UInt64(exit))
      return try PersonalHead(head, for: trunk, exit: exit, isEnabled: !disabled.contains(exit))
    }
    let prior = [Float](repeating: 1 / Float(classes.count), count: classes.count)
    return try HeadSet(
      HeadFile(for: bundle.contents, classes: classes, prior: prior, heads: heads), on: bundle.contents)
  }

  private func sets(_ bundle: BundleFile) throws -> [HeadSet] {
    [
      try HeadSet(base: bundle), try HeadSet(base: bundle).weighed(by: nil),
      try person(bundle, exits: [1, 2], classes: ["class 2", "class 0"], seed: 3),
      try person(bundle, exits: [2, 3], classes: ["class 1", "class 2"], disabled: [2], seed: 4),
      // A class that the classifier lacks: the deepest enabled head answers in its place.
      try person(bundle, exits: [1, 2, 3], classes: ["class 1", "mug"], disabled: [3], seed: 5),
    ]
  }

  @Test(arguments: [deepSeed, 6, 9, 21]) func recordingsAreWhatRunsOfTheirOwnSay(_ seed: UInt64) throws {
    let count = try makeBundle(seed: seed).contents.trunk.exitPoints.count
    guard count >= 3 else { return }
    let bundle = try bundle(seed, exits: [1, 3])
    let session = try Session(try Model(bundle), threads: 2)
    let (alone, sets) = (try Session(session.model, threads: 1), try sets(bundle))
    for inputs in try session.samples(of: try randomInputs(bundle.graph, batch: 6, seed: 11)) {
      for (set, recording) in zip(sets, try session.record(inputs, sets)) {
        alone.heads = set
        let all = try alone.run(inputs, .all).computed
        #expect(recording.exits.map(\.logits) == all.dropLast().map(\.logits))
        #expect(recording.exits.map(\.exit) == all.dropLast().map(\.exit))
        #expect(recording.final?.probabilities == all.last?.probabilities)
        try follow(recording, alone, inputs)
      }
    }
  }

  private func follow(_ recording: HeadRecording, _ session: Session, _ inputs: [Tensor]) throws {
    for policy in Self.policies {
      for reject in [nil, 0.45, 0.9] as [Float?] {
        let answer = try session.run(inputs, policy.map(ExitChoice.policy) ?? .stored, reject: reject)
        let followed = recording.following(policy, reject: reject)
        #expect(followed.exit == answer.exit, "\(policy?.text ?? "none")")
        #expect(followed.classes == answer.classes)
        #expect(followed.logits?.probabilities == answer.answering?.probabilities)
        #expect(followed.isRejected == answer.isRejected)
      }
    }
  }

  @Test func theLastResortIsOneOfItsOwnWhereItIsTold() throws {
    let bundle = try bundle(deepSeed, exits: [1])
    let session = try Session(try Model(bundle), threads: 1)
    let last = bundle.contents.trunk.exitPoints.count
    // A head on the last exit point answers in the classifier's place as well.
    let sets = try sets(bundle) + [person(bundle, exits: [1, last], classes: ["class 0", "class 1"], seed: 6)]
    let recordings = try session.record(try session.model.syntheticSample(), sets)
    #expect(recordings.map(\.lastResort.isOwn) == [false, true, true, true, false, false])
    #expect(recordings.map(\.lastResort.exit) == [.final, .final, .final, .final, .exit(2), .exit(last)])
  }

  @Test func untrainedHeadsAreLeftOutUnlessTheyAreAskedFor() throws {
    let session = try Session(try Model(try makeBundle(seed: deepSeed, exits: [1, 2], trained: false)), threads: 1)
    let sample = try session.model.syntheticSample()
    #expect(try session.record(sample, [session.heads])[0].exits.isEmpty)
    #expect(try session.record(sample, [session.heads], untrained: [2])[0].exits.map(\.exit) == [.exit(2)])
  }

  @Test(
    arguments: [
      (
        "confidence:0.8,3=0.6,6=0.7",
        PolicyRecord(.confidence, 0.8, thresholds: [.init(exit: 3, threshold: 0.6), .init(exit: 6, threshold: 0.7)])
      ),
      (
        "patience:2,6=1,3=4",
        PolicyRecord(.patience, 2, thresholds: [.init(exit: 3, threshold: 4), .init(exit: 6, threshold: 1)])
      ),
      ("entropy:0.5", PolicyRecord(.entropy, 0.5)),
    ]) func policiesAreReadAndWritten(_ text: String, _ policy: PolicyRecord) throws
  {
    #expect(try PolicyRecord(parsing: text) == policy)
    #expect(try PolicyRecord(parsing: policy.text) == policy)
  }

  @Test(arguments: [
    "confidence:0.8,", "confidence:0.8,3", "confidence:0.8,3=", "confidence:0.8,=0.5", "confidence:0.8,0=0.5",
    "confidence:0.8,-3=0.5", "confidence:0.8,3=2", "confidence:0.8,3=nan", "confidence:0.8,3=0.5,3=0.6", ",",
    "patience:2,3=1.5", "confidence:0.8,3=0.5=0.6", "confidence:0.8,x=0.5", "confidence:0.8,3:0.5", "",
    "confidence:0.8,9223372036854775808=0.5",
  ]) func whatIsNoPolicyIsRefused(_ text: String) throws {
    let error = try #require(throws: PexError.self) { try PolicyRecord(parsing: text) }
    #expect(error.kind == .usage)
  }
}
