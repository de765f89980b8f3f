import PexBundle
import PexExits
import PexGraph
import PexHeads
import PexPasses
import PexReference
import PexRuntime
import PexTensor
import PexTestSupport
import Testing

/// A bundle of a random network with trained-looking heads at the given exits.
func makeBundle(seed: UInt64, exits: [Int]? = nil, trained: Bool = true) throws -> BundleFile {
  var graph = try RandomGraph.make(seed: seed)
  try Pipeline.canonical(verify: true).run(on: &graph)
  let points = ExitPoint.all(in: graph)
  let placed = try ExitPlacement.place(exits.map(ExitRequest.numbers) ?? ExitRequest.none, in: graph)
  var contents = BundleContents(trunk: try Trunk(graph, exitPoints: points.map(\.value)))
  contents.exits = try placed.map { exit in
    guard trained else { return ExitRecord(exit: exit.point.number, specification: exit.head) }
    return ExitRecord(
      exit: exit.point.number, head: try Head.random(exit.head, seed: seed + UInt64(exit.point.number)))
  }
  return try BundleFile(bytes: try contents.encoded())
}

/// A seed whose network has at least three exit points.
let deepSeed: UInt64 = 5

@Suite struct SessionTests {
  @Test(arguments: 0..<12)
  func theFinalAnswerDependsOnTheSampleAlone(seed: Int) throws {
    let plain = try makeBundle(seed: UInt64(seed))
    let count = plain.contents.trunk.exitPoints.count
    let full = try makeBundle(seed: UInt64(seed), exits: count > 0 ? Array(1...count) : nil)
    let inputs = try randomInputs(plain.graph, batch: 4, seed: 77)
    let reference = try Reference.run(plain.graph, inputs: inputs)[0]
    var seen: [[Float]] = []
    for (bundle, threads) in [(plain, 1), (plain, 2), (full, 1), (full, 2)] {
      let session = try Session(try Model(bundle), threads: threads)
      let batch = try session.run(batch: inputs, .final)
      let alone = try session.samples(of: inputs).map { try session.run($0, .all) }
      seen.append(batch.flatMap { $0.outputs[0].tensor.floats })
      seen.append(alone.flatMap { $0.outputs[0].tensor.floats })
    }
    #expect(Set(seen).count == 1)
    #expect(relativeError(try Tensor(reference.shape.dimensions, seen[0]), reference) < 1e-5)
  }

  @Test func aFixedExitRunsNothingBehindIt() throws {
    let bundle = try makeBundle(seed: deepSeed, exits: [1, 2])
    let session = try Session(try Model(bundle), threads: 1)
    session.profiles = true
    let sample = try session.model.syntheticSample()
    let answer = try session.run(sample, .fixed(1))
    #expect(answer.exit == .exit(1))
    #expect(answer.outputs.isEmpty)
    #expect(answer.computed.map(\.exit) == [.exit(1)])
    #expect(Set(session.timings.map(\.segment)) == [0])
    #expect(answer.macsFraction < 1)
  }

  @Test func headsSeeTheTapOfTheReference() throws {
    let bundle = try makeBundle(seed: deepSeed, exits: [1, 2])
    let session = try Session(try Model(bundle), threads: 2)
    let sample = try session.model.syntheticSample()
    for entry in session.heads.entries {
      let point = try #require(bundle.contents.trunk.exitPoint(entry.exit))
      let tap = try Reference.run(bundle.graph, inputs: sample, keeping: [point.value])[0]
      let expected = try tap.withFloats { try entry.head.logits(tap: $0) }
      let found = try #require(try session.run(sample, .fixed(entry.exit)).answering).logits
      #expect(relativeError(try Tensor([3], found), try Tensor([3], expected)) < 1e-4)
    }
  }

  @Test func policiesNeverTakeUntrainedHeads() throws {
    let bundle = try makeBundle(seed: deepSeed, exits: [1, 2], trained: false)
    let session = try Session(try Model(bundle), threads: 1)
    let sample = try session.model.syntheticSample()
    #expect(try session.run(sample, .policy(PolicyRecord(.confidence, 0))).exit == .final)
    #expect(try session.run(sample, .stored, deadline: 1e-6).exit == .final)
    #expect(try session.run(sample, .fixed(2)).answering?.probabilities.allSatisfy { abs($0 - 1 / 3) < 1e-6 } == true)
  }

  @Test func confidenceDecidesHowFarASampleGoes() throws {
    let bundle = try makeBundle(seed: deepSeed, exits: [1, 2])
    let session = try Session(try Model(bundle), threads: 1)
    let sample = try session.model.syntheticSample()
    #expect(try session.run(sample, .policy(PolicyRecord(.confidence, 0))).exit == .exit(1))
    // No probability is above 1, so nothing but the final classifier is sure enough.
    let sure = PolicyRecord(.confidence, 1, thresholds: [PolicyRecord.Threshold(exit: 2, threshold: 0)])
    #expect(try session.run(sample, .policy(sure)).exit == .exit(2))
    #expect(try session.run(sample, .policy(PolicyRecord(.patience, 60000))).exit == .final)
  }

  @Test func aDeadlineThatCannotBeMetGivesTheFirstExit() throws {
    let bundle = try makeBundle(seed: deepSeed, exits: [1, 2])
    let session = try Session(try Model(bundle), threads: 1)
    let sample = try session.model.syntheticSample()
    let late = try session.run(sample, .stored, deadline: 1e-6)
    #expect(late.exit == .exit(1) && late.missedDeadline)
    let easy = try session.run(sample, .stored, deadline: 60_000)
    #expect(easy.exit == .final && !easy.missedDeadline)
  }

  @Test func whatDoesNotFitIsAnError() throws {
    let bundle = try makeBundle(seed: deepSeed, exits: [1])
    let session = try Session(try Model(bundle), threads: 1)
    let sample = try session.model.syntheticSample()
    let missing = try #require(throws: PexError.self) { try session.run(sample, .fixed(99)) }
    #expect(missing.kind == .usage)
    let flat = try Tensor([1, 2], [1, 2] as [Float])
    let wrong = try #require(throws: PexError.self) { try session.run(batch: [flat]) }
    #expect(wrong.kind == .malformed)
    var poisoned = sample[0].floats
    poisoned[0] = .nan
    let bad = [try Tensor(sample[0].shape.dimensions, poisoned)]
    let error = try #require(throws: PexError.self) { try session.run(bad, .final) }
    #expect(error.message.contains("not finite"))
  }
}

@Suite struct PolicyStateTests {
  @Test func everyKindKnowsWhenItIsContent() {
    let sure: [Float] = [0.9, 0.06, 0.04]
    let torn: [Float] = [0.4, 0.35, 0.25]
    func isContent(_ kind: PolicyRecord.Kind, _ value: Float, _ probabilities: [Float]) -> Bool {
      var state = PolicyState(PolicyRecord(kind, value))
      return state.isContent(exit: 1, probabilities: probabilities)
    }
    #expect(isContent(.confidence, 0.8, sure) && !isContent(.confidence, 0.8, torn))
    #expect(isContent(.margin, 0.5, sure) && !isContent(.margin, 0.5, torn))
    // Entropies in nats: 0.393 and 1.080.
    #expect(isContent(.entropy, 0.4, sure) && !isContent(.entropy, 1.07, torn) && isContent(.entropy, 1.09, torn))
  }

  @Test func patienceCountsExitsThatAgreeInARow() {
    var state = PolicyState(PolicyRecord(.patience, 2))
    let answers: [[Float]] = [[0.6, 0.4], [0.4, 0.6], [0.3, 0.7]]
    var contents: [Bool] = []
    for (index, probabilities) in answers.enumerated() {
      contents.append(state.isContent(exit: index + 1, probabilities: probabilities))
    }
    #expect(contents == [false, false, true])
  }

  @Test func calibrationEvensProbabilitiesOut() {
    let plain = softmax([2, 0])
    let even = softmax([2, 0], temperature: 2)
    #expect(abs(plain[0] - 0.880797) < 1e-6)
    #expect(abs(even[0] - 0.731059) < 1e-6)
  }
}

/// A person's heads over some of the classifier's classes.
@Suite struct PersonalAnswerTests {
  /// A session of a bundle whose classes have names, with one head over two of the three.
  private func session(prior: [Float]?, exits: [Int] = [1]) throws -> (session: Session, head: Head) {
    var contents = try makeBundle(seed: deepSeed).contents
    contents.labels = ["a", "b", "c"]
    let bundle = try BundleFile(bytes: try contents.encoded())
    let tap = try #require(contents.trunk.exitPoint(1).flatMap { bundle.graph[$0.value].type.tap })
    let head = try Head.random(
      HeadSpecification(kind: .linear, channels: tap.channels, spatial: tap.spatial, classes: 2), seed: 1)
    let calibrated = try Head(head.specification, parameters: head.parameters, temperature: 2)
    let file = try HeadFile(
      for: contents, classes: ["c", "a"], prior: prior, heads: [PersonalHead(calibrated, for: contents.trunk, exit: 1)],
      policy: PolicyRecord(.confidence, 1))
    let model = try Model(bundle)
    return (try Session(model, heads: try HeadSet(file, on: bundle), threads: 1), calibrated)
  }

  @Test func thePriorWeighsEveryExit() throws {
    for prior in [nil, [0.9, 0.1], [0, 1]] as [[Float]?] {
      let (session, head) = try session(prior: prior)
      let answer = try session.run(try session.model.syntheticSample(), .fixed(1))
      let found = try #require(answer.answering)
      #expect(found.probabilities == softmax(found.logits, temperature: head.temperature, prior: prior))
      if prior == [0, 1] { #expect(found.probabilities == [0, 1]) }
    }
  }

  @Test func theLastResortKnowsThePersonsClassesAlone() throws {
    let (session, _) = try session(prior: [0.2, 0.8])
    let sample = try session.model.syntheticSample()
    let all = try #require(try session.run(sample, .final).answering).logits
    #expect(all.count == 3)
    let answer = try session.run(sample)
    #expect(answer.exit == .final && answer.classes == ["c", "a"])
    let found = try #require(answer.answering)
    #expect(found.logits == [all[2], all[0]])
    #expect(found.probabilities == softmax([all[2], all[0]], prior: [0.2, 0.8]))
    // The classifier itself stays as it is when it is asked for.
    #expect(try session.run(sample, .final).classes == ["a", "b", "c"])
  }

  /// Each kind of last resort is the weighed sum that ``LastResort`` says; a class that the classifier lacks has what the head adds.
  @Test func whatAnswersLastIsTheSumThatTheFileSays() throws {
    var contents = try makeBundle(seed: deepSeed).contents
    contents.labels = ["a", "b", "c"]
    let bundle = try BundleFile(bytes: try contents.encoded())
    let tap = try #require(contents.trunk.exitPoint(1).flatMap { bundle.graph[$0.value].type.tap })
    func answer(_ classes: [String], rows: Int, _ lastResort: LastResort) throws -> (ExitLogits, [Float], [Float]) {
      let head = try Head.random(
        HeadSpecification(kind: .linear, channels: tap.channels, spatial: tap.spatial, classes: rows), seed: 1)
      let calibrated = try Head(head.specification, parameters: head.parameters, temperature: 2)
      let file = try HeadFile(
        for: contents, classes: classes, heads: [PersonalHead(calibrated, for: contents.trunk, exit: 1)],
        lastResort: lastResort)
      let session = try Session(try Model(bundle), heads: try HeadSet(file, on: bundle), threads: 1)
      let sample = try session.model.syntheticSample()
      let all = try #require(try session.run(sample, .final).answering).logits
      var own: [Float] = []
      try session.taps(sample, at: [1]) { _, tap in own = try calibrated.logits(features: tap.pooled()) }
      let answer = try session.run(sample)
      #expect(answer.classes == classes)
      return (try #require(answer.answering), all, own)
    }
    func near(_ found: [Float], _ wanted: [Float]) -> Bool {
      found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-4 * max(1, abs($1)) }
    }
    let told = try answer(["c", "a"], rows: 2, .classifierAlone)
    #expect(told.0.exit == .final && told.0.logits == [told.1[2], told.1[0]])
    let alone = try answer(["c", "a"], rows: 2, .head(at: 1))
    #expect(alone.0.exit == .exit(1) && near(alone.0.logits, alone.2))
    let mean = try answer(["c", "a"], rows: 2, .mean(at: 1))
    #expect(
      mean.0.exit == .final
        && near(mean.0.logits, [mean.1[2] / 2 + mean.2[0] / 4, mean.1[0] / 2 + mean.2[1] / 4]))
    let sum = try answer(["a", "b", "c", "mine"], rows: 1, .sum(at: 1))
    #expect(sum.0.exit == .final && near(sum.0.logits, sum.1 + [sum.2[0] / 2]))
    #expect(sum.0.probabilities == softmax(sum.0.logits))
  }

  @Test func aPriorCanBeReplacedAndTakenAway() throws {
    let (session, head) = try session(prior: [0.2, 0.8])
    let sample = try session.model.syntheticSample()
    let stored = session.heads
    for (weights, prior) in [(nil, nil), ([3, 1], [0.75, 0.25])] as [([Float]?, [Float]?)] {
      session.heads = try stored.weighed(by: weights)
      #expect(session.heads.prior == prior)
      let found = try #require(try session.run(sample, .fixed(1)).answering)
      #expect(found.probabilities == softmax(found.logits, temperature: head.temperature, prior: prior))
    }
    for weights in [[1], [0, 0], [-1, 2], [.infinity, 1]] as [[Float]] {
      #expect(throws: PexError.self) { try stored.weighed(by: weights) }
    }
    // Base heads limited to some classes: the last resort is limited with them.
    session.heads = try HeadSet(base: session.model.bundle).weighed(by: [1, 0, 1])
    let last = try #require(try session.run(sample, .policy(PolicyRecord(.confidence, 1))).answering)
    #expect(last.exit == .final && last.probabilities.count == 3 && last.probabilities[1] == 0)
  }
}
